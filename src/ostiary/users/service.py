"""The commands and queries of users, put together."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from ostiary.core.factor import Factor, Tools
from ostiary.crypto.hash_pool import HashPool
from ostiary.crypto.seal import Sealer
from ostiary.effects import Effects
from ostiary.storage.cache import Cache
from ostiary.storage.port import Store
from ostiary.users.addresses import UserAddresses
from ostiary.users.breach_list import BreachList
from ostiary.users.codes import Codes
from ostiary.users.context import STEP_UP_LASTS, Context
from ostiary.users.create import UserCreation
from ostiary.users.disowning import Disowning
from ostiary.users.identity_links import UserIdentityLinks
from ostiary.users.invites import Invites
from ostiary.users.key_registration import KeyRegistration
from ostiary.users.machine import MachineCredentials
from ostiary.users.metadata import UserMetadataKeys
from ostiary.users.otp_enrolment import UserOtp
from ostiary.users.passkeys import UserPasskeys
from ostiary.users.password import UserPasswords
from ostiary.users.queries import UserQueries
from ostiary.users.recovery_codes import UserRecoveryCodes
from ostiary.users.registration import Registrations
from ostiary.users.reset import PasswordResets
from ostiary.users.state import UserStates
from ostiary.users.tokens import PersonalAccessTokens
from ostiary.users.totp import UserTotp
from ostiary.users.update import UserUpdate


class Users:
    """Everything that callers may do to users."""

    def __init__(
        self,
        store: Store,
        cache: Cache,
        effects: Effects,
        tools: Tools,
        sealer: Sealer,
        pool: HashPool,
        factors: Sequence[Factor],
        issuer: str = "Ostiary",
        domain: str = "localhost",
        breached_passwords: Path | None = None,
        step_up_lasts: timedelta = STEP_UP_LASTS,
    ) -> None:
        """``breached_passwords`` is a file of hashes, see ``breach_list``; for the others see ``Context``."""
        breaches = BreachList(breached_passwords) if breached_passwords else None
        by_kind = {factor.kind: factor for factor in factors}
        shared = (store, cache, effects, tools, sealer, pool, by_kind, issuer, domain, breaches)
        context = Context(*shared, step_up_lasts)
        codes = Codes(context)
        self.effects = effects
        self.queries = UserQueries(store)
        self.creation = UserCreation(context, codes)
        self.states = UserStates(context)
        self.passwords = UserPasswords(context, codes)
        self.updates = UserUpdate(context, codes, self.passwords)
        self.addresses = UserAddresses(context, codes)
        self.disowning = Disowning(context, codes)
        self.resets = PasswordResets(context, codes)
        self.invites = Invites(context, codes)
        self.registrations = Registrations(context, codes)
        self.totp = UserTotp(context)
        self.otp = UserOtp(context)
        self.identity_links = UserIdentityLinks(context)
        self.recovery_codes = UserRecoveryCodes(context)
        self.passkeys = UserPasskeys(context, codes)
        self.key_registration = KeyRegistration(context, codes)
        self.tokens = PersonalAccessTokens(context)
        self.machines = MachineCredentials(context)
        self.metadata = UserMetadataKeys(context)
