"""`flask tokens init-db`: the tables of the SQL stores and their history."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from stopper.guard import migrations
from stopper.guard.store import Kind, StoreError
from stopper.guard.store.sql import REVISION, SqlStore, metadata, schema
from tests.guard.conftest import MakeApp


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'fifty%percent.db'}"
    found: str = request.getfixturevalue("postgresql_url")
    with sa.create_engine(found).begin() as connection:
        metadata.drop_all(connection)
    return found


def differences(url: str) -> list[object]:
    """Return what distinguishes the tables of a database from those that the store is written for."""
    with sa.create_engine(url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": schema.name, "compare_type": True})
        return list(compare_metadata(context, metadata))


def test_the_migrations_make_what_the_store_is_written_for(url: str) -> None:
    """An empty database gets the tables that the store itself would make, and a second run changes nothing."""
    assert migrations.upgrade(url) == REVISION
    assert differences(url) == []
    store = SqlStore(url)
    store.revoke(Kind.TOKEN, "t1", 1.0, 9e9)
    assert migrations.upgrade(url) == REVISION
    assert store.newest_revocation() == 1


def test_tables_that_the_store_has_made_are_known_to_the_migrations(url: str) -> None:
    """A database that was used before init-db was run keeps what is in it."""
    store = SqlStore(url)
    store.revoke(Kind.TOKEN, "t1", 1.0, 9e9)
    assert differences(url) == []
    assert migrations.upgrade(url) == REVISION
    assert store.newest_revocation() == 1


def test_tables_of_another_revision_are_not_used(url: str) -> None:
    """Fault 80: with a migration half done, or one of a later release, the store is out of order and says why."""
    SqlStore(url).purge(0)
    with sa.create_engine(url).begin() as connection:
        connection.execute(schema.update().values(version_num="later"))
    with pytest.raises(StoreError, match="init-db"):
        SqlStore(url).purge(0)


def test_the_tables_of_an_earlier_release_are_brought_up_to_date(url: str) -> None:
    """A database from before keys could be kept in it is told to be migrated, and keeps what is in it."""
    SqlStore(url).revoke(Kind.TOKEN, "t1", 1.0, 9e9)
    with sa.create_engine(url).begin() as connection:
        connection.execute(sa.text("DROP TABLE stopper_keys"))
        connection.execute(schema.update().values(version_num="first"))
    with pytest.raises(StoreError, match="revision first"):
        SqlStore(url).read_keys()
    assert migrations.upgrade(url) == REVISION
    assert differences(url) == []
    store = SqlStore(url)
    assert store.read_keys() is None
    assert store.replace_keys(None, "document")
    assert store.newest_revocation() == 1


def test_the_newest_migration_is_the_one_that_the_store_names() -> None:
    """Whoever adds a migration names it in the store too."""
    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads() == [REVISION]


def test_an_account_without_the_right_to_make_tables(postgresql_url: str) -> None:
    """After init-db the application itself may run with rights on rows alone (ASVS 13.2.2)."""
    owner = sa.create_engine(postgresql_url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        metadata.drop_all(connection)
        migrations.upgrade(postgresql_url)
        connection.execute(sa.text("DROP ROLE IF EXISTS shop"))
        connection.execute(sa.text("CREATE ROLE shop"))
        connection.execute(sa.text("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO shop"))
    store = SqlStore(f"{postgresql_url}{'&' if '?' in postgresql_url else '?'}options=-c%20role%3Dshop")
    try:
        store.revoke(Kind.TOKEN, "t1", 1.0, 9e9)
        assert store.newest_revocation() == 1
        with pytest.raises(sa.exc.ProgrammingError), store._engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE more (id int)"))
    finally:
        store._engine.dispose()
        with owner.connect() as connection:
            connection.execute(sa.text("DROP OWNED BY shop"))
            connection.execute(sa.text("DROP ROLE shop"))


def test_the_command(make_app: MakeApp, store_url: str) -> None:
    """The command makes the tables of an SQL store, and says of Redis that there are none."""
    result = make_app(store=store_url).test_cli_runner().invoke(args=["tokens", "init-db"])
    assert result.exit_code == 0, result.output
    wanted = "no tables" if store_url.startswith("redis") else f"revision {REVISION}"
    assert wanted in result.output


def test_the_command_without_a_database(make_app: MakeApp) -> None:
    """A database that cannot be reached is one line without its password."""
    app = make_app(store="postgresql+psycopg://shop:hunter2@127.0.0.1:1/none")
    result = app.test_cli_runner().invoke(args=["tokens", "init-db"])
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1
    assert "hunter2" not in result.output
