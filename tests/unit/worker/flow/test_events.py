"""Events: what the broker is told about them beside their content."""

import pytest

from import_worker.flow.events import Ask, push_read

ASK = Ask(import_id="c0d5c1c4-8f5b-4f0c-b1ad-0f7a5f9b1a11", number=1, resource="regions")


class Transaction:
    """Notes the concurrency of what is pushed."""

    def __init__(self):
        self.noted = []

    def push(self, *_args, concurrency, **_options):
        self.noted.append(concurrency)


def limited(config, **source):
    return config.model_copy(update={"source": config.source.model_copy(update=source)})


@pytest.mark.parametrize("most", [None, 3])
def test_reads_of_one_source_share_a_key_with_as_many_at_a_time_as_it_takes(config, most):
    limit = config.source.rate_limit.model_copy(update={"max_concurrency": most})
    tx = Transaction()
    for base_url in ("https://source.test/v1/", "https://SOURCE.test/v2/"):
        push_read(tx, ASK, limited(config, rate_limit=limit, base_url=base_url))
    first, second = tx.noted
    assert first == second
    assert (first and first.limit) == most


def test_reads_of_another_source_have_a_key_of_their_own(config):
    limit = config.source.rate_limit.model_copy(update={"max_concurrency": 3})
    tx = Transaction()
    for base_url in ("https://one.test/", "https://two.test/"):
        push_read(tx, ASK, limited(config, rate_limit=limit, base_url=base_url))
    assert tx.noted[0].key != tx.noted[1].key
