"""How an older database becomes today's: numbered steps, each applied once, in order.

Tables change here. Triggers, views and indexes are not touched by steps: afterwards they are applied again from
schema/ wherever the text in the database differs (``lifeos_db.schema_objects``).
"""

from sqlite_utils import Migrations

from .m0001_people_in_the_database import people_in_the_database
from .m0002_relationships_from_evidence import relationships_from_evidence
from .m0003_imports_from_legacy_writers import imports_from_legacy_writers
from .m0004_identity import identity
from .m0005_no_function_of_the_client import no_function_of_the_client

steps = Migrations("lifeos-db")
steps(name="m0001_people_in_the_database")(people_in_the_database)
steps(name="m0002_relationships_from_evidence")(relationships_from_evidence)
steps(name="m0003_imports_from_legacy_writers")(imports_from_legacy_writers)
steps(name="m0004_identity")(identity)
steps(name="m0005_no_function_of_the_client")(no_function_of_the_client)
