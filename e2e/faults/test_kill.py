"""kill -9 at moments that nobody chose, while people sign up, confirm, sign in, change passwords
and sign out, enrol apps, use recovery codes, and make and lose passkeys and devices.

Whatever was acknowledged is there afterwards: users, passwords, confirmations, sessions,
revocations, deletions, mail, second factors. What was not acknowledged has happened or not, whole.
COGNATE_FAULT_ROUNDS kills (20): of one node on SQLite, of three nodes on one PostgreSQL.
"""

import random
import threading
import time

import cognate
from factors import RELYING_PARTY, DeviceOwner, Enrolled
from people import Lost, act
from wire import Caller, Wire

CLIENTS = 6
NODES = 1 if cognate.DATABASE == "sqlite" else 3
# A message that a killed node had taken is due again after 40 s (service/src/background.rs).
MAIL_SECONDS = 90


class Town:
    """Some nodes on one database, and the people who use them."""

    def __init__(self, name, nodes, mail, chance):
        self.chance, self.mail = chance, mail
        first = cognate.Server(f"{name}-1", options=["--smtp-url", mail.url])
        self.nodes = [first]
        for number in range(2, nodes + 1):
            node = cognate.Server(f"{name}-{number}", options=["--smtp-url", mail.url])
            # One database, one master key; each node keeps a log of its own.
            node.store = first.store
            self.nodes.append(node)
        self.people = []
        self.wire = None
        self.broken = []
        self._numbers = 0

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            node.remove()

    def _start(self):
        # The issuer is the same on all nodes, whoever has the port.
        issuer = f"http://127.0.0.1:{cognate.free_port()}"
        for node in self.nodes:
            node.options += ["--public-url", issuer]
            node.start()
        self.wire = Wire([node.port for node in self.nodes])
        self.call = Caller(self.wire, lambda: self.chance.choice(self.wire.ports))
        self.pool, self.client = self._make_pool()
        self._offer_factors()
        self.with_devices = self._make_pool(
            DeviceConfiguration={
                "ChallengeRequiredOnNewDevice": False,
                "DeviceOnlyRememberedOnUserPrompt": False,
            }
        )
        # Other nodes learn of a pool's settings within two seconds.
        time.sleep(2 if len(self.nodes) > 1 else 0)

    def _make_pool(self, **settings):
        settings |= {"PoolName": "town", "AutoVerifiedAttributes": ["email"]}
        first = {"AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"]}
        settings["Policies"] = {"SignInPolicy": first}
        pool = self.call("CreateUserPool", settings)["UserPool"]["Id"]
        flows = ("USER_AUTH", "USER_PASSWORD_AUTH", "USER_SRP_AUTH", "REFRESH_TOKEN_AUTH")
        flows = [f"ALLOW_{flow}" for flow in flows]
        made = self.call(
            "CreateUserPoolClient",
            {"UserPoolId": pool, "ClientName": "app", "ExplicitAuthFlows": flows},
        )
        # Hundreds of kills meet thousands of people.
        self.nodes[0].command("setting", "set", pool, "mail-per-hour", "none")
        return pool, made["UserPoolClient"]["ClientId"]

    def _offer_factors(self):
        self.call(
            "SetUserPoolMfaConfig",
            {
                "UserPoolId": self.pool,
                "MfaConfiguration": "OPTIONAL",
                "SoftwareTokenMfaConfiguration": {"Enabled": True},
                "WebAuthnConfiguration": {"RelyingPartyId": RELYING_PARTY},
            },
        )
        self.nodes[0].command("setting", "set", self.pool, "recovery-codes", "on")

    def person(self):
        self._numbers += 1
        name = f"person{self._numbers}"
        # Each third one has devices.
        person = (
            Enrolled(self.pool, self.client, name)
            if self._numbers % 3
            else DeviceOwner(*self.with_devices, name)
        )
        self.people.append(person)
        return person

    def kill_during_a_busy_moment(self):
        """Lets people act, kills a node at a random moment, and starts it again."""
        before = len(self.people)
        stop = threading.Event()
        old = self.chance.sample(self.people, min(len(self.people), 4 * CLIENTS))
        crowds = [
            [*old[number::CLIENTS], *(self.person() for _ in range(6))] for number in range(CLIENTS)
        ]
        threads = [
            threading.Thread(target=self._live, args=(crowd, stop, self.chance.random()))
            for crowd in crowds
        ]
        for thread in threads:
            thread.start()
        time.sleep(self.chance.uniform(0.2, 2.0))
        victim = self.chance.choice(self.nodes)
        victim.kill()
        if len(self.nodes) > 1:
            # The others go on.
            time.sleep(self.chance.uniform(0.2, 1.0))
        stop.set()
        for thread in threads:
            thread.join(timeout=120)
            assert not thread.is_alive(), "a call hangs"
        victim.start()
        self.wire.renew()
        self._raise_what_broke()
        return [*old, *self.people[before:]]

    def _live(self, crowd, stop, seed):
        chance = random.Random(seed)
        ports = list(self.wire.ports)
        try:
            while not stop.is_set() and ports:
                port = chance.choice(ports)
                try:
                    call = Caller(self.wire, lambda: port)
                    act(chance.choice(crowd), call, chance, self.mail)
                except Lost:
                    # The node is dead; a load balancer would stop sending people there.
                    ports.remove(port)
        except BaseException as error:  # noqa: BLE001: told by the main thread
            self.broken.append(error)

    def check(self, people):
        """Asks for everything that these people were told, by several threads at any nodes."""

        def ask(part, seed):
            chance = random.Random(seed)
            try:
                call = Caller(self.wire, lambda: chance.choice(self.wire.ports))
                for person in part:
                    person.check(call)
            except BaseException as error:  # noqa: BLE001: told by the main thread
                self.broken.append(error)

        threads = [
            threading.Thread(target=ask, args=(people[number::4], self.chance.random()))
            for number in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=300 + len(people))
            assert not thread.is_alive(), "a call hangs"
        self._raise_what_broke()

    def confirm_the_rest(self):
        """Whoever was told that a code is on its way gets it, and it works."""
        for person in self.people:
            if person.exists and not person.confirmed:
                code = self.mail.code(person.address, seconds=MAIL_SECONDS)
                assert code, f"{person.name} signed up and got no mail"
                person.confirm(self.call, code)

    def _raise_what_broke(self):
        if self.broken:
            raise self.broken[0]


def run(town, rounds):
    for _ in range(rounds):
        touched = town.kill_during_a_busy_moment()
        town.check(touched)
    town.confirm_the_rest()
    town.check(town.people)
    tally(town, rounds)


def tally(town, rounds):
    people = [person for person in town.people if person.sub]
    confirmed = sum(person.confirmed is True for person in people)
    changed = sum(len(person.former) for person in people)
    lost = town.wire.lost
    enrolled = [person for person in people if isinstance(person, Enrolled)]
    apps = sum(person.codes.app is not None for person in enrolled)
    passkeys = sum(len(person.passkeys.browsers) for person in enrolled)
    owners = [person for person in people if isinstance(person, DeviceOwner)]
    devices = sum(len(person.devices.secrets) for person in owners)
    print(
        f"{rounds} kills: {len(people)} signed up, {confirmed} confirmed, "
        f"{changed} passwords changed, {apps} apps, {passkeys} passkeys, {devices} devices, "
        f"{lost} calls without an answer, nothing lost"
    )
    # A run in which the kill met nobody proves nothing.
    assert lost >= rounds // 2 and len(people) >= 2 * rounds


def test_what_was_acknowledged_survives_kill_9(mail, chance, rounds):
    with Town("kill", NODES, mail, chance) as town:
        run(town, rounds)
