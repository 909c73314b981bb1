"""The development inbox as tests read it, and what metrics tell of messages on their way."""

import threading
import time
import urllib.parse

from conftest import PASSWORD


def sign_up(idp, pool, name, address):
    idp.sign_up(
        ClientId=pool.client,
        Username=name,
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": address}],
    )


def inbox(server, **parameters):
    return server.json(f"/dev/inbox.json?{urllib.parse.urlencode(parameters)}")["messages"]


def test_the_inbox_has_the_message_when_the_call_that_caused_it_has_answered(
    server, idp, pool, address
):
    for number in range(25):
        to = address.replace("@", f".{number}@")
        sign_up(idp, pool, f"user-{number}", to)
        assert [message["to"] for message in inbox(server, to=to)] == [to]


def test_who_waits_for_a_message_is_answered_when_it_arrives(server, idp, pool, address):
    answers = []

    def wait(**parameters):
        began = time.monotonic()
        messages = inbox(server, to=address, **parameters)
        answers.append((len(messages), time.monotonic() - began))

    reader = threading.Thread(target=wait, kwargs={"wait": 25})
    reader.start()
    sign_up(idp, pool, "ana", address)
    reader.join()
    # What is there already is not waited for; what is newer than the newest never comes.
    wait(wait=25)
    newest = inbox(server, to=address)[0]["id"]
    wait(after=newest, wait=0.2)
    (first, second, third) = answers
    assert first[0] == second[0] == 1 and first[1] < 20 and second[1] < 20
    assert third[0] == 0 and third[1] >= 0.2
