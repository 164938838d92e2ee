"""The rules of discovery, in a line each: drawn into the documentation with the tests that show them."""

from __future__ import annotations

from typing import Final

from tests import shown

RULES: Final = {
    "WF-01": "WebFinger is asked over https alone, also after redirects. Our own answers: 200; 400 without one "
    "readable resource; 404 for whoever is not here; 410 for whoever was.",
    "WF-02": "A question names exactly one resource. The subject is an acct URI; there is one `self` link, and it is "
    "the first.",
    "WF-03": "Parameters are decoded and may come in any order. A `self` link counts if its type is ActivityPub's.",
    "WF-04": "Answers are `application/jrd+json`, for a handle with and without scheme, an id, a page, and the actor "
    "of the server; names of ours in any case.",
    "WF-05": "Escaped or not, a resource is the same. `rel` narrows the links, and nothing but the links.",
    "WF-06": "A descriptor is asked for as JRD or JSON and taken as either. What is optional may be missing, what is "
    "unknown is passed over.",
    "WF-07": "A host that refuses is asked by its host metadata where else it answers; that is remembered. All "
    "answers of ours are open to pages of others.",
    "WF-08": "Host metadata are served as XRD and as JSON. A resource may be of any scheme.",
    "WF-09": "The host of a handle may be another than that of the actor, if both name each other; one step to another "
    "subject, no more.",
    "WF-10": "An actor that was found by its id goes by the handle that leads back to this id, or by none.",
    "WF-11": "An actor says in `webfinger` what it is called (FEP-2c59); the `self` link is its id to the letter.",
    "WF-12": "Names of ours are the same in any case; those of others need not be. The id is the key, not the handle.",
    "WF-13": "Hosts compare in lower case and A-labels, without a dot at the end or the usual port.",
    "WF-14": "410 says that an account is gone.",
    "WF-15": "Descriptors name the page, the picture, the older `subscribe`, and the pages of intents (FEP-3b86).",
    "WF-16": "Redirects, bytes and time have limits; what is not public is not asked.",
    "WF-17": "NodeInfo 2.0 and 2.1 are served from the well-known index.",
    "WF-18": "The actor of the server is named by NodeInfo (FEP-2677) and WebFinger (FEP-d556); metadata are the "
    "application's.",
    "WF-19": "Well-known documents are open to all pages, and may be cached.",
    "WF-20": "A handle that nobody confirms is not shown; the id stays what it is when a handle changes.",
    "HM-01": "Host metadata tell where WebFinger answers, without any document type.",
    "NI-01": "The index of NodeInfo is a list of links.",
    "NI-02": "Of several versions the newest known one is read, from 1.0 to 2.2.",
    "NI-03": "The media type names the version of the schema.",
    "NI-04": "What we serve is valid by its schema.",
    "NI-05": "Redirects are followed; a refusal is final, a failure is worth another try.",
    "NI-06": "Figures that are not known are left out; none is invented (FEP-0151).",
    "DISC-01": "A page leads to its document, at its own origin, by its Link field or its head; plain JSON is none.",
    "DISC-02": "The document has to name the page.",
    "DISC-03": "A document leads to its page by `url`.",
    "FEP-4adb": "An acct URI stands for the actor to which WebFinger leads.",
    "SEC-154": "Nobody goes by a name that only another host gives.",
    "SEC-155": "What is no handle is refused; what is one names exactly one host.",
    "SEC-156": "Our answers echo nothing and tell nobody why somebody is not here; many relations are refused.",
    "SEC-157": "No text takes long to read.",
    "SEC-158": "Addresses in descriptors are http(s); a template changes no host.",
    "SEC-159": "XML that declares anything is refused; JSON is asked for first.",
    "SEC-160": "NodeInfo is typed, capped, and lies at the origin that it speaks for.",
}


def draw() -> str:
    """Draw each rule with its tests.

    Raises:
        SystemExit: A rule has none.
    """
    return shown.draw(RULES, {})
