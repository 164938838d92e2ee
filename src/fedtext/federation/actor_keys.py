"""The keys of our own actors: made once by `add_if_absent`, kept in the store, loaded once per process."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..errors import StoreError
from ..fetch import SigningKey
from ..keys import KeyRing, generate_rsa
from ..ports import PortSet, store_key

FRAGMENT = "#main-key"


@attrs.frozen(kw_only=True)
class StoredKeys:
    """Keeps private keys in the backend's store, as PKCS#8 PEM; encrypted when a passphrase is given."""

    passphrase: bytes | None = attrs.field(default=None, repr=False)

    async def load(self, ports: PortSet, site: str, actor_id: str) -> bytes:
        """Give the PEM of an actor's key, making it if there is none yet (exactly one survives a race)."""
        name = store_key(site, "keypair", actor_id)
        found = await ports.store.get(name)
        if found is not None:
            return found
        made = await ports.offload.run(generate_rsa)
        await ports.store.add_if_absent(name, made.pem(self.passphrase).encode("ascii"))
        found = await ports.store.get(name)
        if found is None:
            raise StoreError("the store lost a key that was just written", actor=actor_id)
        return found


@attrs.frozen(kw_only=True)
class ActorKeys:
    """Gives the signing key of any own actor."""

    source: StoredKeys
    ring: KeyRing

    async def signing_key(self, ports: PortSet, site: str, actor_id: str) -> SigningKey:
        """Give the key with which an own actor signs, and its id: the actor's id + "#main-key" (SIG-16)."""

        async def load() -> SigningKey:
            pem = await self.source.load(ports, site, actor_id)
            return SigningKey(key_id=actor_id + FRAGMENT, private=self.ring.load(pem, self.source.passphrase))

        return await ports.coalesce.run(f"keypair {actor_id}", load)

    async def public_key(self, ports: PortSet, site: str, actor_id: str) -> Mapping[str, str]:
        """Give the `publicKey` member of an actor document (SIG-23: SPKI PEM)."""
        key = await self.signing_key(ports, site, actor_id)
        return {"id": key.key_id, "owner": actor_id, "publicKeyPem": key.private.public.pem}
