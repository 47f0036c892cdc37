"""Keys that seal: an organization's for what it sets up, a patient's for what is written about the patient."""

from uuid import UUID, uuid4

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.root_keys import RootKeys
from services.chassis.sealing import Place, SealBrokenError, SealingKey
from services.contracts.identifiers import OrganizationId, PatientId
from services.scheduler.keys import storage
from services.scheduler.keys.storage import WrappedKey


class KeysReader:
    """Opens keys that were made before."""

    def __init__(self, read: Read, organization_id: OrganizationId, root: RootKeys) -> None:
        self._read = read
        self._organization_id = organization_id
        self._root = root

    async def of_organization(self) -> SealingKey:
        """Return the organization's key.

        Raises:
            SealBrokenError: There is none, or it does not open with this root key.
        """
        found = await storage.organization_key(self._read)
        if found is None:
            raise SealBrokenError
        return self._root.unwrap(found.id, found.wrapped, _place(self._organization_id, "organization_keys", found.id))

    async def of_patient(self, patient_id: PatientId) -> SealingKey:
        """Return a patient's key.

        Raises:
            SealBrokenError: It was destroyed, or does not open with this root key.
        """
        found = await storage.patient_key(self._read, patient_id)
        if found is None:
            raise SealBrokenError
        above = await self.of_organization()
        return above.unwrap(found.id, found.wrapped, _place(self._organization_id, "patient_keys", found.id))


class KeysLogic:
    """Makes a key with the first thing that it is to seal, once, however many come at once."""

    def __init__(
        self, db: UnitOfWork, read: Read, organization_id: OrganizationId, root: RootKeys, clock: Clock
    ) -> None:
        self._db = db
        self._read = read
        self._organization_id = organization_id
        self._root = root
        self._clock = clock
        self._reader = KeysReader(read, organization_id, root)

    async def for_organization(self) -> SealingKey:
        """Return the organization's key, made if need be."""
        if await storage.organization_key(self._read) is None:
            await storage.lock_organization_keys(self._db)
            made = self._wrapped(self._root, "organization_keys")
            await storage.add_organization_key(self._db, self._organization_id, made, self._clock.now())
        return await self._reader.of_organization()

    async def for_patient(self, patient_id: PatientId) -> SealingKey:
        """Return a patient's key, made if need be."""
        if await storage.patient_key(self._read, patient_id) is None:
            await self._add_patient_key(patient_id)
        return await self._reader.of_patient(patient_id)

    async def _add_patient_key(self, patient_id: PatientId) -> None:
        organization_key = await self.for_organization()
        above = await storage.organization_key(self._read)
        if above is None:
            raise SealBrokenError
        made = self._wrapped(organization_key, "patient_keys")
        await storage.add_patient_key(
            self._db, self._organization_id, patient_id, made, above=above.id, now=self._clock.now()
        )

    def _wrapped(self, above: RootKeys | SealingKey, table: str) -> WrappedKey:
        key_id = uuid4()
        return WrappedKey(key_id, above.wrap(SealingKey.generate(key_id), _place(self._organization_id, table, key_id)))


def _place(organization_id: OrganizationId, table: str, key_id: UUID) -> Place:
    return Place(organization_id, table, "wrapped", key_id)
