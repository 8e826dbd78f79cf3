"""A bucket as a test sees a folder: what pathlib.Path has, for s3://bucket/key. It signs and sends by itself, so that what
the command line reads and leaves is judged by another program."""

import datetime
import hashlib
import hmac
import http.client
import os
import pathlib
import urllib.parse
import xml.etree.ElementTree as xml


def server():
    """Where the server of the tests is: endpoint, access_key, ..."""
    file = pathlib.Path(os.environ["FUNCTIONFUSE_TEST_S3_FOLDER"]) / "server.env"
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def environment(**more):
    """For a program that is to find that server."""
    found = server()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        "HOME": "/nonexistent",
        "AWS_ENDPOINT_URL_S3": found["endpoint"],
        "AWS_ACCESS_KEY_ID": found["access_key"],
        "AWS_SECRET_ACCESS_KEY": found["secret_key"],
        **more,
    }


def request(method, path, query="", body=b"", headers=()):
    """Signed as https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html says."""
    found = server()
    host = urllib.parse.urlsplit(found["endpoint"]).netloc
    now = datetime.datetime.utcnow().strftime("%Y%m%dT%H%M%SZ")
    path = urllib.parse.quote(path)
    sent = {"host": host, "x-amz-content-sha256": hashlib.sha256(body).hexdigest(), "x-amz-date": now, **dict(headers)}
    names = ";".join(sorted(sent))
    lines = "".join(f"{name}:{sent[name]}\n" for name in sorted(sent))
    canonical = "\n".join([method, path, query, lines, names, sent["x-amz-content-sha256"]])
    scope = f"{now[:8]}/us-east-1/s3/aws4_request"
    key = b"AWS4" + found["secret_key"].encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    credential = f"{found['access_key']}/{scope}"
    sent["authorization"] = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    connection = http.client.HTTPConnection(host)
    connection.request(method, path + ("?" + query if query else ""), body, sent)
    reply = connection.getresponse()
    data = reply.read()
    connection.close()
    if reply.status == 404 and method in ("GET", "HEAD"):
        raise FileNotFoundError(path)
    assert reply.status < 300, (method, path, reply.status, data)
    return reply, data


class S3Path:
    """A key is a file; a prefix of keys with a slash behind it is a folder."""

    def __init__(self, *parts):
        self.parts = tuple(part for text in parts for part in str(text).split("/") if part)

    def __str__(self):
        return "s3://" + "/".join(self.parts)

    __repr__ = __str__

    def __truediv__(self, name):
        return S3Path(*self.parts, name)

    def __eq__(self, other):
        return isinstance(other, S3Path) and self.parts == other.parts

    def __lt__(self, other):
        return self.parts < other.parts

    def __hash__(self):
        return hash(self.parts)

    @property
    def name(self):
        return self.parts[-1]

    @property
    def parent(self):
        return S3Path(*self.parts[:-1])

    @property
    def key(self):
        return "/".join(self.parts[1:])

    def _request(self, method, body=b"", headers=()):
        return request(method, "/" + "/".join(self.parts), "", body, headers)

    def read_bytes(self):
        return self._request("GET")[1]

    def write_bytes(self, data):
        self._request("PUT", data)

    def write_text(self, text):
        self.write_bytes(text.encode())

    def touch(self):
        self.write_bytes(b"")

    def unlink(self):
        self._request("DELETE")

    def headers(self):
        return self._request("HEAD")[0].headers

    def stat(self):
        return os.stat_result((0,) * 6 + (int(self.headers()["content-length"]), 0, 0, 0))

    def mkdir(self, parents=False, exist_ok=False):
        """Folders are only names; of a bucket it makes it."""
        if len(self.parts) == 1:
            self._request("PUT")

    def is_file(self):
        try:
            return bool(self.headers())
        except FileNotFoundError:
            return False

    def rglob(self, pattern="*"):
        """All keys below, sorted."""
        assert pattern == "*"
        prefix = self.key + "/" if self.key else ""
        found, after = [], ""
        while True:
            query = {"list-type": "2", "prefix": prefix, "start-after": after}
            query = "&".join(f"{k}={urllib.parse.quote(v, safe='')}" for k, v in sorted(query.items()))
            page = xml.fromstring(request("GET", "/" + self.parts[0], query)[1])
            space = page.tag.partition("}")[0] + "}"
            keys = [entry.findtext(space + "Key") for entry in page.iter(space + "Contents")]
            found += keys
            if not keys or page.findtext(space + "IsTruncated") == "false":
                return [S3Path(self.parts[0], key) for key in found]
            after = keys[-1]

    def iterdir(self):
        depth = len(self.parts) + 1
        return sorted({S3Path(*path.parts[:depth]) for path in self.rglob()})

    def exists(self):
        return self.is_file() or bool(self.rglob())
