"""Messages of Messaging Layer Security: carried, never looked into.

The content is the base64 text of a message of RFC 9420. Who speaks MLS takes it out and hands it to a library of
that; who does not passes it on as it is.

Sources: the MLS vocabulary of the Social Web community group; RFC 9420 section 6.
"""

from __future__ import annotations

from .objects import Object
from .values import String


class EncryptedObject(Object):
    """Bytes for programs.

    Args:
        encoding: How `content` is written: "base64".
        ciphersuite: Name of the suite of RFC 9420 section 17.1.
    """

    encoding: String = String()
    ciphersuite: String = String()


class KeyPackage(EncryptedObject, type="KeyPackage"):
    """What somebody needs to add an actor to a group."""


class Welcome(EncryptedObject, type="Welcome"):
    """What a new member of a group needs."""


class GroupInfo(EncryptedObject, type="GroupInfo"):
    """What is known of a group."""


class PublicMessage(EncryptedObject, type="PublicMessage"):
    """A signed message of a group, in the clear."""


class PrivateMessage(EncryptedObject, type="PrivateMessage"):
    """An encrypted message of a group."""
