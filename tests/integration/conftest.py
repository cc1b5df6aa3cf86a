"""What the tests of this folder share: databases of both kinds, and the application over one of them."""

from tests.fakes.confided import confided
from tests.fakes.postgres_server import database_url, empty_url, postgres, schema_of, set_up_rows
from tests.fakes.web_house import house, mode

__all__ = ["confided", "database_url", "empty_url", "house", "mode", "postgres", "schema_of", "set_up_rows"]
