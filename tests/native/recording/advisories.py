"""Advisories of a folder `<ecosystem>/all.zip`, cut to what says which versions are affected."""
import json
import re
import zipfile


def normal(ecosystem, name):
    return re.sub(r"[-_.]+", "-", name).lower() if ecosystem == "PyPI" else name


def of(folder, ecosystem):
    """Every record of an ecosystem, by its id."""
    with zipfile.ZipFile(folder / ecosystem / "all.zip") as archive:
        records = [json.loads(archive.read(name)) for name in archive.namelist() if name.endswith(".json")]
    return {record["id"]: record for record in records}


def about(records, ecosystem, names):
    """Those of some packages, cut."""
    names = {normal(ecosystem, name) for name in names}
    found = []
    for record in records.values():
        affected = [cut(one) for one in record.get("affected", []) if is_of(one, ecosystem, names)]
        if not affected or record.get("withdrawn"):
            continue
        kept = {key: record[key] for key in ("schema_version", "id", "modified", "published", "aliases", "severity") if key in record}
        severity = record.get("database_specific", {}).get("severity")
        if severity:
            kept["database_specific"] = {"severity": severity}
        found.append({**kept, "affected": affected})
    return sorted(found, key=lambda record: record["id"])


def is_of(affected, ecosystem, names):
    package = affected.get("package", {})
    return package.get("ecosystem", "").split(":")[0] == ecosystem and normal(ecosystem, package["name"]) in names


def cut(affected):
    package = {key: affected["package"][key] for key in ("ecosystem", "name")}
    ranges = [{"type": one["type"], "events": one["events"]} for one in affected.get("ranges", []) if one["type"] != "GIT"]
    kept = {"package": package, "ranges": ranges}
    if not ranges:
        kept = {"package": package, "versions": affected.get("versions", [])}
    informational = affected.get("database_specific", {}).get("informational")
    if informational:
        kept["database_specific"] = {"informational": informational}
    return kept
