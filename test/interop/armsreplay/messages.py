"""What the recorded answers of servers mean, as plain values."""
import base64
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from . import recording


@dataclass
class LsAnswer:
    code: int
    rs_key: str = ""
    ll_timeout: int = 0
    retry_max: int = 0
    retry_interval: int = 0
    urls: list = field(default_factory=list)
    lines: list = field(default_factory=list)  # [(kind, {name: value})] of md-config 0
    md_configs: list = field(default_factory=list)


@dataclass
class Module:
    id: int
    version: str
    info: str
    body: bytes = b""
    is_binary: bool = False
    has_config: bool = False


@dataclass
class RsAnswer:
    code: int
    has_certificate: bool = False
    push_port: int = 0
    push_timeout: int = 0
    heartbeats: list = field(default_factory=list)  # (host, port, passphrase, interval)
    push_addresses: list = field(default_factory=list)
    pull_urls: list = field(default_factory=list)
    modules: list = field(default_factory=list)


@dataclass
class QueryAnswer:
    code: int
    methods: list = field(default_factory=list)
    tunnel_urls: list = field(default_factory=list)
    echo_interval: int = 60


def root_of(body):
    # A lone CR after the declaration is white space to XML; a DTD never occurs in what we read.
    return ET.fromstring(body.decode("latin-1").encode("ascii", "xmlcharrefreplace").strip())


def request_type(exchange):
    return root_of(recording.body_of(exchange.request)).find("arms-request").get("type")


def _response(answer):
    return root_of(recording.body_of(answer)).find("arms-response")


def result_code(answer):
    """None: no answer, an HTTP failure, or nothing that can be read; to the device all the same."""
    status = recording.split_http(answer)[0].split(" ")
    if len(status) < 2 or not status[1].isdigit() or int(status[1]) >= 400:
        return None
    try:
        return int(_response(answer).findtext("result-code"))
    except (ET.ParseError, AttributeError, TypeError, ValueError):
        return None


def trigger(exchange):
    return root_of(recording.body_of(exchange.request)).findtext(".//trigger")


def is_success(code):
    return code is not None and 100 <= code < 200


def _int(parent, tag, default=0):
    text = parent.findtext(tag) if parent is not None else None
    return int(text) if text and text.strip() else default


def _text(element):
    return "".join(element.itertext()) if element is not None else ""


LINE = re.compile(r"line-([a-z0-9-]+)\s*\{([^}]*)\}", re.S)


def parse_lines(md_config):
    found = []
    for kind, inner in LINE.findall(md_config):
        tokens = re.split(r"[\s;]+", inner.strip())
        tokens = [t for t in tokens if t]
        found.append((kind, dict(zip(tokens[::2], tokens[1::2]))))
    return found


def ls_answer(answer):
    r = _response(answer)
    a = LsAnswer(_int(r, "result-code"))
    s = r.find("rs-solicitation-response")
    if s is None:
        return a
    a.rs_key = s.findtext("rs-preshared-key") or ""
    a.ll_timeout = _int(s, "ll-timeout")
    a.retry_max = _int(s, "rs-retry-max")
    a.retry_interval = _int(s, "rs-retry-interval")
    for info in s.findall("rs-info"):
        a.urls.append((info.findtext("url") or "").strip())
        a.md_configs.append(_text(info.find("md-config")))
    if a.md_configs:
        a.lines = parse_lines(a.md_configs[0])
    return a


def rs_answer(answer):
    r = _response(answer)
    a = RsAnswer(_int(r, "result-code"))
    c = r.find("config-solicitation-response")
    if c is None:
        return a
    a.has_certificate = bool((c.findtext("sa-certificate") or "").strip())
    a.push_port = _int(c.find("proposal-for-sa"), "push-port")
    a.push_timeout = _int(c.find("proposal-for-sa"), "push-timeout")
    for h in c.findall("heartbeat-info"):
        a.heartbeats.append((h.findtext("host"), _int(h, "port"), h.findtext("passphrase"),
                             _int(h, "interval")))
    a.push_addresses = [e.text or "" for e in c.findall("rs-push-server-address")]
    a.pull_urls = [(e.text or "").strip() for e in c.findall("rs-pull-server-url")]
    for e in c.findall("module"):
        a.modules.append(Module(int(e.get("id")), e.get("version") or "", _text(e)))
    for e in c.findall("md-config"):
        _attach(a.modules, e)
    return a


def _attach(modules, e):
    for m in modules:
        if m.id != int(e.get("id")):
            continue
        text, is_base64 = _text(e), e.get("encoding") == "base64"
        m.has_config = True
        m.body = base64.b64decode(text) if is_base64 else text.encode()
        m.is_binary = is_base64 or not text.isascii()  # ours sends character references as Base64


def query_answer(answer):
    r = _response(answer)
    a = QueryAnswer(_int(r, "result-code"))
    q = r.find("push-method-query-response")
    if q is None:
        return a
    a.methods = [e.text or "" for e in q.findall("push-method")]
    a.tunnel_urls = [(e.text or "").strip() for e in q.findall("https-tunnel-url")]
    a.echo_interval = _int(q, "https-tunnel-echo-interval", 60)
    return a


def authority(url):
    return urlsplit(url).netloc


def path(url):
    parts = urlsplit(url)
    return parts.path or "/"


def same_lines(a, b):
    """Do two lists of lines say the same? A missing number is 0, a missing text empty."""
    def canon(lines):
        return [(k, {n: v for n, v in d.items() if v not in ("", "0")}) for k, d in lines]

    return canon(a) == canon(b)
