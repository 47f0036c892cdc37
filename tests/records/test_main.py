import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError

from services.chassis.root_keys import RootKeyError
from services.operator.postgres.provision import DatabaseUrls
from services.records.main import application
from tests.support.serving import call_in_process


@pytest.fixture
def root_key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, records_urls: DatabaseUrls) -> Path:
    path = tmp_path / "root.key"
    path.write_bytes(base64.b64encode(bytes(range(32))))
    monkeypatch.setenv("EVENTIDE_DATABASE_URL", records_urls.app)
    monkeypatch.setenv("EVENTIDE_ROOT_KEY_FILE", str(path))
    signing = tmp_path / "checkpoints.pem"
    signing.write_bytes(Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    monkeypatch.setenv("EVENTIDE_CHECKPOINT_KEY_FILE", str(signing))
    monkeypatch.setenv("EVENTIDE_CHECKPOINT_FOLDER", str(tmp_path))
    for service in ("GATEWAY", "RECORDS", "SCHEDULER"):
        monkeypatch.setenv(f"EVENTIDE_{service}_URL", "http://127.0.0.1:9")
    return path


@pytest.fixture
def logging_of_its_own() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.mark.usefixtures("root_key_file", "logging_of_its_own")
async def test_a_process_starts_from_its_settings_and_is_ready() -> None:
    app = application()

    async with app.router.lifespan_context(app), call_in_process(app) as client:
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/v1/patients")).status_code == 401
        assert app.state.root_keys.first == bytes(range(32))


def test_a_process_does_not_start_with_a_broken_root_key(root_key_file: Path) -> None:
    root_key_file.write_bytes(b"broken")

    with pytest.raises(RootKeyError):
        application()


def test_a_process_does_not_start_without_a_root_key(root_key_file: Path) -> None:
    root_key_file.unlink()

    with pytest.raises(ValidationError, match="root_key_file"):
        application()
