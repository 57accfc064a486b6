"""Named pure functions for the encodings that data cannot express: the closed set that templates may call."""

from collections.abc import Callable, Mapping

from evergrant.calls import (
    cells,
    dates,
    docs_markdown,
    docs_places,
    documents,
    free_times,
    mail,
    mail_reading,
    office,
    plain_codecs,
    writing,
)
from evergrant.calls.values import BadValue, Part
from evergrant.model.json import Json

__all__ = ["BadValue", "Part", "codecs"]

Codec = Callable[[Json], Json | Part]


def codecs() -> Mapping[str, Codec]:
    """Each codec by the name that a template calls it; all raise BadValue for what they cannot encode."""
    return {
        "adf": writing.adf,
        "adf_markdown": documents.adf_markdown,
        "base64": plain_codecs.to_base64,
        "base64_text": plain_codecs.from_base64,
        "base64url": plain_codecs.to_base64url,
        "base64url_base64": plain_codecs.base64url_base64,
        "base64url_text": plain_codecs.from_base64url,
        "bytes": plain_codecs.file_part,
        "csv": plain_codecs.csv,
        "date": dates.date,
        "day_or_time": dates.day_or_time,
        "docs_markdown": docs_markdown.docs_markdown,
        "docs_place": docs_places.docs_place,
        "docs_range": docs_places.docs_range,
        "docs_table": docs_places.docs_table,
        "double_quoted": plain_codecs.double_quoted,
        "epoch": dates.epoch,
        "epoch_ms": dates.epoch_ms,
        "file_text": office.file_text,
        "free_times": free_times.free_times,
        "grid_range": cells.grid_range,
        "header": plain_codecs.header,
        "html": writing.html,
        "increment": plain_codecs.increment,
        "items": plain_codecs.items,
        "json": plain_codecs.json_text,
        "mail_answered": mail_reading.mail_answered,
        "mail_attachments": mail_reading.mail_attachments,
        "mail_text": mail_reading.mail_text,
        "markdown": documents.markdown,
        "member": plain_codecs.member,
        "mime": mail.mime,
        "named_cells": cells.named_cells,
        "notion_blocks": writing.notion_blocks,
        "notion_markdown": documents.notion_markdown,
        "numbered_rows": cells.numbered_rows,
        "object": plain_codecs.object_of,
        "odata_quoted": plain_codecs.odata_quoted,
        "plain": documents.plain,
        "rgb": cells.rgb,
        "single_quoted": plain_codecs.single_quoted,
        "size": plain_codecs.size,
        "storage": writing.storage,
        "table": plain_codecs.table,
        "text_part": plain_codecs.text_part,
        "utc": dates.utc,
    }
