"""The legacy LifeOS classes and functions, over the database: a program moves over by changing one import line.

>>> from lifeos_db.legacy import get_person_entity_store
>>> store = get_person_entity_store("data/people_entities.json")
"""

from ..errors import RelationshipRefused
from .entity import PersonEntity
from .people import PersonEntityStore, get_person_entity_store
from .relationships import Relationship, RelationshipStore
from .stats import refresh_person_stats, verify_person_stats

__all__ = [
    "PersonEntity",
    "PersonEntityStore",
    "Relationship",
    "RelationshipRefused",
    "RelationshipStore",
    "get_person_entity_store",
    "refresh_person_stats",
    "verify_person_stats",
]
