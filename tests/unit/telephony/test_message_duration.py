"""How long a message is comes from the dialplan, over AMI and over CEL alike."""

import pytest

from telephony.cel_facts import COLUMNS, CelRow, facts_of


def row(extra):
    cells = dict.fromkeys(CelRow.__annotations__, "")
    cells |= {
        "event": "USER_DEFINED",
        "epoch": "1764000000.5",
        "uniqueid": "ms-1764000000.1",
        "linkedid": "ms-1764000000.1",
        "channel": "PJSIP/trunk-00000001",
        "user_event": "MsMessageLeft",
        "extra": extra,
    }
    assert len(cells) == COLUMNS
    return CelRow(**cells)


@pytest.mark.parametrize(
    ("extra", "seconds"), [('{"extra":"17"}', 17.0), ('{"extra":""}', 0.0), ("", 0.0), ('{"extra":"x"}', 0.0)]
)
def test_asterisks_own_record_tells_the_seconds(extra, seconds):
    (fact,) = facts_of([row(extra)])
    assert (fact.duration_s, fact.file_name) == (seconds, "ms-1764000000.1-message.wav16")
