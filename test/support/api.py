"""The REST API over HTTPS, as a program of somebody else's asks it."""
import http.client
import json
import os
import ssl


def get(instance, path, token):
    """(status, JSON) of a new connection; token None: without one."""
    tls = ssl.create_default_context(cafile=os.path.join(instance.state, "pki", "http-ca.crt"))
    host, port = instance.address("http")
    c = http.client.HTTPSConnection(host, port, timeout=30, context=tls)
    c.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
    answer = c.getresponse()
    body = json.loads(answer.read())
    c.close()
    return answer.status, body
