"""What the first start makes: the instance, its organisation, an administrator and two service users.

One save, guarded by the instance's absence. The secrets are returned beside it, for they exist nowhere else: they are
written to files *before* the save. A crash in between leaves files that open nothing and no instance, so the next
start makes all anew; after the save the files are there. Neither is ever without the other.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ostiary.core.audit import detail
from ostiary.core.factor import Factor, Tools
from ostiary.core.organization import INSTANCE, ORGANIZATION, Instance, Organization, primary_domain
from ostiary.core.permission import MEMBERSHIP, Membership, membership_id
from ostiary.core.secret import PERSONAL_ACCESS_TOKEN as PAT_KIND
from ostiary.core.secret import SECRET_BYTES, Secret, secret_hash, token_text
from ostiary.core.user import (
    AUTHENTICATOR,
    LOGIN_NAME,
    PERSONAL_ACCESS_TOKEN,
    USER,
    Address,
    LoginName,
    Machine,
    PersonalAccessToken,
    Profile,
    User,
    login_name_id,
)
from ostiary.crypto.password import SALT_BYTES, hash_password
from ostiary.effects import Effects
from ostiary.storage.port import Audit, Changes, Put
from ostiary.users.generated_password import generated_password

ADMINISTRATOR: Final = "admin"
ALICE: Final = "alice"
FOREVER: Final = datetime(9999, 12, 31, tzinfo=UTC)  # a credential in a file ends by being removed


@dataclass(frozen=True, slots=True)
class Names:
    """What the first start is told: the organisation's name, and the host of the server's external URL."""

    organization: str
    host: str


@dataclass(frozen=True, slots=True)
class Made:
    """A save, and the secrets it makes good, by name."""

    changes: Changes
    secrets: dict[str, Secret]


class FirstStart:
    """Builds the first users. Each password and token is used once here, so nothing is kept."""

    def __init__(self, effects: Effects, tools: Tools, password: Factor) -> None:
        """``password`` makes the authenticators, ``tools`` seal them."""
        self._effects = effects
        self._tools = tools
        self._factor = password

    def instance(self, names: Names, key_proof: bytes) -> Made:
        """A new instance. Secrets: ``admin.password``, ``admin.pat``, ``login-client.pat``."""
        now = self._effects.now()
        home = self._organization(names, now)
        instance = Instance(self._effects.new_id(), home.id, now, key_proof=key_proof)
        password = generated_password(self._effects.random_bytes)
        admin = User(
            self._effects.new_id(),
            home.id,
            ADMINISTRATOR,
            now,
            now,
            domain=home.primary_domain,
            profile=Profile("Ostiary", "Administrator"),
            email=Address(f"{ADMINISTRATOR}@{home.primary_domain}", is_verified=True),
            password_changed_at=now,
        )
        puts = [Put(INSTANCE, instance), Put(ORGANIZATION, home), *self._human(admin, password)]
        puts.append(_member(admin, ("IAM_OWNER",)))
        admin_pat, its_puts = self._machine(home, "admin-machine", ("IAM_OWNER", "IAM_LOGIN_CLIENT"))
        login_pat, other_puts = self._machine(home, "login-client", ("IAM_LOGIN_CLIENT",))
        secrets = {"admin.password": password, "admin.pat": admin_pat, "login-client.pat": login_pat}
        audit = Audit(now, "", "instance.created", instance.instance_id, detail(organization=home.id))
        return Made(Changes(puts=(*puts, *its_puts, *other_puts), audit=audit), secrets)

    def alice(self, home: Organization) -> Made:
        """A user to try things with. Secrets: ``password``."""
        now = self._effects.now()
        password = generated_password(self._effects.random_bytes)
        alice = User(
            self._effects.new_id(),
            home.id,
            ALICE,
            now,
            now,
            domain=home.primary_domain,
            profile=Profile("Alice", "Example"),
            email=Address(f"{ALICE}@example.com", is_verified=True),
            password_changed_at=now,
            mfa_init_skipped_at=now,  # whoever tries things is asked for a second factor later
        )
        audit = Audit(now, "", "user.created", alice.id, detail(by="dev"))
        return Made(Changes(puts=self._human(alice, password), audit=audit), {"password": password})

    def _organization(self, names: Names, now: datetime) -> Organization:
        organization_id = self._effects.new_id()
        domain = primary_domain(names.organization, organization_id, names.host)
        return Organization(organization_id, names.organization, domain, now, now)

    def _human(self, user: User, password: Secret) -> tuple[Put, ...]:
        hashed = hash_password(password.reveal(), self._effects.random_bytes(SALT_BYTES))
        owned = self._factor.enrol(user.id, hashed.encode(), user.created_at, self._tools)
        return (*_named(user), Put(AUTHENTICATOR, owned))

    def _machine(
        self, home: Organization, name: str, roles: tuple[str, ...]
    ) -> tuple[Secret, tuple[Put, ...]]:
        now = self._effects.now()
        user = User(
            self._effects.new_id(),
            home.id,
            name,
            now,
            now,
            domain=home.primary_domain,
            machine=Machine(name, "Made by the first start"),
        )
        pat_id = self._effects.new_id()
        text = token_text(PAT_KIND, pat_id, self._effects.random_bytes(SECRET_BYTES))
        pat = PersonalAccessToken(pat_id, user.id, home.id, secret_hash(text), now, FOREVER)
        puts = (*_named(user), _member(user, roles), Put(PERSONAL_ACCESS_TOKEN, pat))
        return Secret(text), puts


def _named(user: User) -> tuple[Put, Put]:
    return Put(USER, user), Put(LOGIN_NAME, LoginName(login_name_id(user.username), user.id))


def _member(user: User, roles: tuple[str, ...]) -> Put:
    resource = "instance"
    since_s = int(user.created_at.timestamp())
    return Put(MEMBERSHIP, Membership(membership_id(user.id, resource), user.id, resource, roles, since_s))
