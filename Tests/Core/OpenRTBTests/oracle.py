"""What Python makes of bid requests: one a line in hexadecimal on standard input, `path=value` for every field
on standard output. The first argument lists the fields and their types."""
import json
import math
import struct
import sys
from decimal import Decimal

objects = {}
for line in sys.argv[1].split("\n"):
    name, *fields = line.split()
    objects[name] = [field.split(":") for field in fields]


def hexadecimal(text):
    return text.encode("utf-8").hex()


def written(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def dump(out, path, type, value):
    kind = type[0]
    if kind in "TNC*" and type not in objects:
        element = {"T": "t", "N": "n", "C": "k", "*": type[1:]}[kind]
        for index, item in enumerate(value or []):
            dump(out, f"{path}[{index}]", element, item)
    elif type in objects or kind == "?":
        if value is None and kind == "?":
            out.append(path + "=-")
            return
        fields = objects[type.lstrip("?")]
        for name, inner in fields:
            dump(out, f"{path}.{name}", inner, (value or {}).get(name))
    elif kind == "t":
        out.append(f"{path}={hexadecimal(value or '')}")
    elif kind == "k":
        out.append(f"{path}={value}")
    elif kind == "c":
        out.append(f"{path}={value or 'USD'}")
    elif kind == "r":
        text = "" if value is None else written(value)
        out.append(f"{path}={hexadecimal(text)}")
    elif kind == "p":
        out.append(f"{path}={math.ceil(Decimal(value or 0) * 1000000)}")
    elif kind in "du":
        bits = "-" if value is None else struct.unpack("<Q", struct.pack("<d", float(value)))[0]
        out.append(f"{path}={bits}")
    else:
        default = {"b": "0", "B": "1"}.get(kind, type[2:] or "-")
        out.append(f"{path}={default if value is None else value}")


def older(holder, name, *fields):
    """Takes from `ext` what the object itself does not say."""
    place = holder.get(name)
    if place and isinstance(place.get("ext"), dict):
        for field in fields:
            if place.get(field) in (None, "", []):
                place[field] = place["ext"].get(field)


def pods(imps):
    found = []
    for index, imp in enumerate(imps):
        medium = "video" if imp.get("video") else "audio" if imp.get("audio") else None
        av = imp[medium] if medium else {}
        name, dynamic = av.get("podid") or None, av.get("poddur") is not None
        pod = next((pod for pod in found if name and pod[0] == name), None)
        if pod is None:
            pod = (name, [], [])
            found.append(pod)
        pod[1].append(index)
        pod[2].append(dynamic)
        # What is no part of a break is one place for whatever the imp offers.
        if medium and not name and not dynamic:
            audio = imp.get("audio") if medium == "video" else None
            if audio and not audio.get("podid") and audio.get("poddur") is None:
                pod[1].append(index)
            if imp.get("banner") is not None:
                pod[1].append(index)
    for name, members, dynamic in found:
        if all(dynamic):
            kind = "dynamic"
        elif name is None:
            kind = "single"
        else:
            kind = "hybrid" if any(dynamic) else "structured"
        yield f"{kind},{','.join(map(str, members))}"


for line in sys.stdin:
    request = json.loads(bytes.fromhex(line).decode("utf-8"), parse_float=Decimal)
    older(request, "regs", "gdpr", "us_privacy", "gpp", "gpp_sid")
    older(request, "user", "consent", "eids")
    older(request, "source", "schain")
    out = []
    for name, type in objects["Request"]:
        dump(out, name, type, request.get(name))
    kind = next((kind for kind in ("site", "app", "dooh") if request.get(kind) is not None), None)
    dump(out, "inventory", "Inventory", request.get(kind))
    out.append(f"inventory.kind={kind or 'unknown'}")
    for index, pod in enumerate(pods(request["imp"])):
        out.append(f"pods[{index}]={pod}")
        for member in dict.fromkeys(pod.split(",")[1:]):
            out.append(f"imp[{member}].pod={index}")
    for index, imp in enumerate(request["imp"]):
        deals = imp.get("pmp") or {}
        imp["private_auction"], imp["deals"] = deals.get("private_auction"), deals.get("deals")
        dump(out, f"imp[{index}]", "Imp", imp)
    print(" ".join(sorted(out)))
