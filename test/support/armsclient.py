"""Requests as the original client writes them (spec 2.2 shape A, 3.4-3.6), for tests of servers."""
import base64

import tlspeer


def head(did, key, length, path="/arms", extra=""):
    credentials = base64.b64encode(f"{did}:{key}".encode("latin-1")).decode()
    return (f"POST {path} HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n"
            f"Authorization: Basic {credentials}\r\n{extra}\r\n").encode("latin-1")


def envelope(kind, did, inner, description="test device"):
    return (f'<arms-message><arms-request type="{kind}"><distribution-id>{did}</distribution-id>'
            f"<description>{description}</description><{kind}-request>{inner}</{kind}-request>"
            "</arms-request></arms-message>").encode("latin-1")


def rs_solicitation(did, trigger="power on boot", **more):
    return envelope("rs-solicitation", did, f"<trigger>{trigger}</trigger>", **more)


def config_solicitation(did, trigger="power on boot", firmware="Version 5.33", **more):
    info = f"<firmware-info>{firmware}</firmware-info>" if firmware else ""
    return envelope("config-solicitation", did, "<protocol-version>4.0</protocol-version>"
                    f"<trigger>{trigger}</trigger>{info}", **more)


def method_query(did, methods=("https-simple", "https-tunnel"), **more):
    inner = "".join(f"<push-method>{m}</push-method>" for m in methods)
    return envelope("push-method-query", did, inner, **more)


def send(address, did, key, body, ctx=None, writes=None, session=None):
    """One exchange: header and body as two TLS records, like the original."""
    pieces = writes or [head(did, key, len(body)), body]
    return tlspeer.exchange(address, pieces, ctx or tlspeer.context(), session=session)
