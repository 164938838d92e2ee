"""Components of HTTP messages as RFC 9421 names them: what can be signed, and the text that each stands for.

Decides which identifiers exist and what value each has in a given message; refuses to know keys, signatures, and what
must be covered.

Invariants:
    - a component is supported exactly or refused; no parameter is ever passed over (SEC-053);
    - a value is visible ASCII, spaces and tabs: no line of a signature base can pass for two (SEC-014, HMS-08);
    - `@authority` and `@target-uri` have the host in lower case and no default port; no fragment is in any value;
    - whatever is covered, each field and the query are parsed at most once a message (SIG-37).

Example:
    >>> component_lines([Component("@method"), Component("host")], Request.to("https://b.example/inbox"))
    ['"@method": GET', ...]

Sources: RFC 9421 section 2; RFC 9110 section 5.5 (obsolete folding); URL Standard section 5 (query parameters);
HMS-08 to HMS-13.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_plus

import attrs

from ..errors import LimitExceeded, MalformedText, SignatureMalformed
from ..http import Headers, Request, Response
from ..wire.structured_fields import (
    BareItem,
    Item,
    Member,
    build_dictionary,
    build_item,
    build_list,
    parse_dictionary,
    parse_item,
    parse_list,
)

SIGNATURE_PARAMS: Final = "@signature-params"
STATUS: Final = "@status"
QUERY_PARAM: Final = "@query-param"

# RFC 9110 section 5.6.2, lower case.
_FIELD_NAME: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]++")
_PLAIN_NAME: Final = re.compile(r"@?[a-z0-9-]++")
_FIELD_FLAGS: Final = ("sf", "bs", "tr", "req")
_DEFAULT_PORTS: Final = {"https": ":443", "http": ":80"}
# URL Standard section 5.2 leaves these as they are; of them `quote` spares "_", "-", "." by itself, and "~" wrongly.
_NEVER_ENCODED: Final = "*"

# Signers use a handful of names; a hostile one can only make us read its own again.
_NAMES_KEPT_MAX: Final = 128
_KEPT_NAME_CHARS_MAX: Final = 64

# Fields whose type is laid down; of any other, `sf` is taken only where the types do not differ.
_DICTIONARIES: Final = frozenset(
    {
        "accept-signature",
        "content-digest",
        "priority",
        "repr-digest",
        "signature",
        "signature-input",
        "want-content-digest",
        "want-repr-digest",
    }
)


def _identifier(component: Component) -> str:
    if not component.parameters and _PLAIN_NAME.fullmatch(component.name):
        return f'"{component.name}"'
    return build_item(Item(component.name, dict(component.parameters)))


def _text(component: Component) -> str:
    return component.name + component.identifier[len(component.name) + 2 :]


@attrs.frozen
class Component:
    """One covered component: what it is called, and how its value is taken.

    Args:
        name: A field name in lower case, or a derived component such as "@method".
        parameters: Key and value, in the order of the text; they are part of the identifier.
        identifier: As it is signed: `"content-digest";req`.
        text: The identifier, without quotes around the name: "content-digest;req".
    """

    name: str
    parameters: tuple[tuple[str, BareItem], ...] = ()
    identifier: str = attrs.field(init=False, eq=False, repr=False, default=attrs.Factory(_identifier, takes_self=True))
    text: str = attrs.field(init=False, eq=False, repr=False, default=attrs.Factory(_text, takes_self=True))


def parse_component(item: Item) -> Component:
    """Read one item of a list of covered components.

    Args:
        item: A string with parameters.

    Raises:
        SignatureMalformed: No such component, no such parameter, or two that exclude each other.

    Sources:
        RFC 9421 sections 2.1 to 2.4, and 2.3: "@signature-params" is never covered (HMS-09).
    """
    name, parameters = item.value, item.parameters
    if not isinstance(name, str):
        raise SignatureMalformed("a covered component is not a string", component=name)
    if not parameters and len(name) <= _KEPT_NAME_CHARS_MAX:
        return _kept(name)
    return _parsed(name, parameters)


def _parsed(name: str, parameters: Mapping[str, BareItem]) -> Component:
    if name.startswith("@"):
        if name not in _DERIVED and name not in (STATUS, QUERY_PARAM):
            raise SignatureMalformed("there is no such derived component", component=name)
        _check_derived(name, parameters)
    else:
        if _FIELD_NAME.fullmatch(name) is None:
            raise SignatureMalformed("a covered component is not a field name in lower case", component=name)
        _check_field(name, parameters)
    return Component(name, tuple(parameters.items()))


@lru_cache(maxsize=_NAMES_KEPT_MAX)
def _kept(name: str) -> Component:
    return _parsed(name, {})


def parse_components(items: Iterable[Item]) -> tuple[Component, ...]:
    """Read a list of covered components.

    Args:
        items: In signed order.

    Raises:
        SignatureMalformed: As `parse_component`, or one stands twice, in whatever order its parameters are (SEC-056).
    """
    components = tuple(map(parse_component, items))
    if len(set(map(_sameness, components))) != len(components):
        raise SignatureMalformed("a component is covered twice")
    return components


def _sameness(component: Component) -> object:
    """Give what two components have in common that are one, in whatever order their parameters are."""
    return (component.name, frozenset(component.parameters)) if component.parameters else component.name


def component_lines(
    components: Iterable[Component],
    message: Request | Response,
    *,
    request: Request | None = None,
    trailers: Headers | None = None,
) -> list[str]:
    """Give the lines of a signature base for these components, without the last one.

    Args:
        components: In signed order.
        message: That is signed.
        request: That the response answers, for components with `req`.
        trailers: Of the message, for components with `tr`.

    Returns:
        One `identifier: value` each.

    Raises:
        SignatureMalformed: The message has no such component, or its value cannot be signed.

    Sources:
        RFC 9421 section 2.5.
    """
    source: _Source | None = None
    related: _Source | None = None
    lines: list[str] = []
    for component in components:
        if not component.parameters:
            value = _plain(message, component.name)
        elif ("req", True) in component.parameters:
            related = related or _related(message, request, component)
            value = related.value(component)
        else:
            source = source or _Source(message, trailers)
            value = source.value(component)
        lines.append(f"{component.identifier}: {value}")
    # Threat: a line break would let one component pass for two (SEC-014).
    if not _is_visible("".join(lines)):
        odd = [line.partition(": ")[0] for line in lines if not _is_visible(line)]
        raise SignatureMalformed("a covered component is not visible ASCII", component=odd[0])
    return lines


def normalized_authority(request: Request) -> str:
    """Give the host in lower case, with its port unless that is the default one of the scheme (RFC 9110, 4.2.3)."""
    authority = request.authority if request.target[:1] == "/" else _target_parts(request)[0]
    return _normalized(authority, request.scheme)


def _is_visible(text: str) -> bool:
    return text.isascii() and (text.isprintable() or text.replace("\t", " ").isprintable())


def _related(message: Request | Response, request: Request | None, component: Component) -> _Source:
    if isinstance(message, Request) or request is None:
        raise SignatureMalformed("there is no request that this answers", component=component.identifier)
    return _Source(request, None)


def _check_derived(name: str, parameters: Mapping[str, BareItem]) -> None:
    for key, value in parameters.items():
        is_name = key == "name" and name == QUERY_PARAM and isinstance(value, str)
        is_request = key == "req" and name != STATUS and value is True
        if not (is_name or is_request):
            raise SignatureMalformed("a derived component has no such parameter", component=name, parameter=key)
    if name == QUERY_PARAM and "name" not in parameters:
        raise SignatureMalformed("a query parameter is covered without its name")


def _check_field(name: str, parameters: Mapping[str, BareItem]) -> None:
    for key, value in parameters.items():
        if not (key in _FIELD_FLAGS and value is True) and not (key == "key" and isinstance(value, str)):
            raise SignatureMalformed("a field component has no such parameter", component=name, parameter=key)
    if "bs" in parameters and ("sf" in parameters or "key" in parameters):
        raise SignatureMalformed("bs excludes sf and key", component=name)


def _target_parts(request: Request) -> tuple[str, str, str]:
    """Take a request target apart in any of its four forms (RFC 9112 section 3.2).

    Returns:
        Authority; path; query with its question mark, or "".
    """
    authority, rest = request.authority, request.target.partition("#")[0]
    if rest[:1] != "/":
        _, separator, absolute = rest.partition("://")
        if separator:
            cut = min(found for found in (absolute.find("/"), absolute.find("?"), len(absolute)) if found >= 0)
            authority, rest = absolute[:cut], absolute[cut:]
            rest = rest if rest[:1] == "/" else f"/{rest}"
        else:
            rest = ""  # "*", and the authority-form of CONNECT, have neither path nor query
    path, mark, query = rest.partition("?")
    return authority, path, mark + query


def _normalized(authority: str, scheme: str) -> str:
    if ":" not in authority:
        return authority.lower()
    return authority.lower().removesuffix(_DEFAULT_PORTS.get(scheme.lower(), ""))


def _target_uri(request: Request) -> str:
    target = request.target
    if target[:1] != "/" or "#" in target:
        _, path, query = _target_parts(request)
        target = path + query
    return f"{request.scheme.lower()}://{normalized_authority(request)}{target}"


_NO_FIELDS: Final = Headers()

# Section 2.2: what each is in a request.
_DERIVED: Final[Mapping[str, Callable[[Request], str]]] = {
    "@method": lambda request: request.method,
    "@target-uri": _target_uri,
    "@authority": normalized_authority,
    "@scheme": lambda request: request.scheme.lower(),
    "@request-target": lambda request: request.target,
    "@path": lambda request: _target_parts(request)[1] or "/",
    "@query": lambda request: _target_parts(request)[2] or "?",
}


def _plain(message: Request | Response, name: str) -> str:
    """Give the value of a component without parameters."""
    if name[0] == "@":
        return _derived(message, name)
    value = message.headers.get_only(name)
    if value is not None and "\r" not in value:
        return value.strip(" \t")
    return ", ".join(_field_lines(message.headers, name))


def _derived(message: Request | Response, name: str) -> str:
    if isinstance(message, Request):
        derive = _DERIVED.get(name)
        if derive is None:
            raise SignatureMalformed("a request has no status", component=name)
        return derive(message)
    if name != STATUS:
        raise SignatureMalformed("a response has no such component", component=name)
    return f"{message.status:03d}"


def _field_lines(fields: Headers, name: str) -> list[str]:
    """Give the trimmed lines of a field, in order of arrival."""
    values = fields.get_all(name)
    if not values:
        raise SignatureMalformed("a covered field is not in the message", component=name)
    return [value.strip(" \t") if "\r\n" not in value else _unfolded(value) for value in values]


class _Source:
    """One message, and what was parsed of it so far."""

    __slots__ = ("_dictionaries", "_message", "_queries", "_trailers")

    def __init__(self, message: Request | Response, trailers: Headers | None) -> None:
        self._message = message
        self._trailers = trailers
        self._dictionaries: dict[tuple[str, bool], dict[str, Member]] | None = None
        self._queries: dict[str, list[str]] | None = None

    def value(self, component: Component) -> str:
        """Give the value of a component, as its parameters say."""
        parameters = dict(component.parameters)
        if component.name == QUERY_PARAM:
            return self._query_parameter(str(parameters["name"]))
        if component.name[0] == "@":
            return _derived(self._message, component.name)
        fields = (self._trailers or _NO_FIELDS) if "tr" in parameters else self._message.headers
        lines = _field_lines(fields, component.name)
        if "bs" in parameters:
            return ", ".join(map(_encapsulated, lines))
        text = ", ".join(lines)
        if "key" in parameters:
            return self._member(component, str(parameters["key"]), text)
        return _strict(component, text) if "sf" in parameters else text

    def _request(self, name: str) -> Request:
        if isinstance(self._message, Response):
            raise SignatureMalformed("a response has no such component", component=name)
        return self._message

    def _query_parameter(self, name: str) -> str:
        """Give the one value of a name; a repeated name must not be used (section 2.2.8)."""
        if self._queries is None:
            self._queries = {}
            for pair in _target_parts(self._request(QUERY_PARAM))[2][1:].split("&"):
                found, _, value = pair.partition("=")
                if pair:
                    self._queries.setdefault(_encoded(found), []).append(_encoded(value))
        values = self._queries.get(name, [])
        if len(values) != 1:
            raise SignatureMalformed("a query parameter is not there exactly once", name=name, count=len(values))
        return values[0]

    def _member(self, component: Component, key: str, text: str) -> str:
        place = (component.name, ("tr", True) in component.parameters)
        if self._dictionaries is None:
            self._dictionaries = {}
        if place not in self._dictionaries:
            try:
                self._dictionaries[place] = parse_dictionary(text)
            except (MalformedText, LimitExceeded) as error:
                raise SignatureMalformed("a covered field is no dictionary", component=component.identifier) from error
        member = self._dictionaries[place].get(key)
        if member is None:
            raise SignatureMalformed("a covered field has no such member", component=component.identifier)
        return build_list([member])


def _unfolded(value: str) -> str:
    """Trim a line, and put one space where it was folded (HMS-10); any other line break stays, and is refused."""
    first, *rest = value.strip(" \t\r\n").split("\r\n")
    if not all(line.startswith((" ", "\t")) for line in rest):
        return value
    return " ".join([first.rstrip(" \t"), *(line.strip(" \t") for line in rest)])


def _encapsulated(line: str) -> str:
    """Wrap the bytes of a line (section 2.1.3)."""
    try:
        data = line.encode("latin-1")
    except UnicodeEncodeError as error:
        raise SignatureMalformed("a covered field cannot have been on the wire") from error
    return f":{base64.b64encode(data).decode('ascii')}:"


def _encoded(text: str) -> str:
    """Decode a name or value of a query and encode it again in the one way of section 2.2.8: a space is "%20"."""
    return quote(unquote_plus(text, errors="replace"), safe=_NEVER_ENCODED).replace("~", "%7E")


def _strict(component: Component, text: str) -> str:
    """Write a structured field anew, as its type lays down (section 2.1.1).

    The type of a field that we do not know is not guessed: it may be any, as long as it makes no difference.
    """
    written: set[str] = set()
    for read in (_as_dictionary,) if component.name in _DICTIONARIES else (_as_dictionary, _as_list, _as_item):
        try:
            written.add(read(text))
        except (MalformedText, LimitExceeded):
            continue
    if len(written) != 1:
        raise SignatureMalformed("a covered field is of no or of no certain type", component=component.identifier)
    return written.pop()


def _as_dictionary(text: str) -> str:
    return build_dictionary(parse_dictionary(text))


def _as_list(text: str) -> str:
    return build_list(parse_list(text))


def _as_item(text: str) -> str:
    return build_item(parse_item(text))
