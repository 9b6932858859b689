"""Legacy LifeOS classes, over the database: programs that were written against the JSON stores go on to work."""

from .relationships import Relationship, RelationshipRefused, RelationshipStore

__all__ = ["Relationship", "RelationshipRefused", "RelationshipStore"]
