"""The commands and queries of projects, put together."""

from ostiary.effects import Effects
from ostiary.projects.administrators import Administrators
from ostiary.projects.application import ApplicationCommands
from ostiary.projects.application_keys import ApplicationKeys
from ostiary.projects.application_queries import ApplicationQueries
from ostiary.projects.authorizations import Authorizations
from ostiary.projects.context import Context
from ostiary.projects.grants import Grants
from ostiary.projects.project import ProjectCommands, ProjectQueries
from ostiary.projects.roles import Roles
from ostiary.storage.cache import Cache
from ostiary.storage.port import Store


class Projects:
    """Everything that callers may do to projects and what belongs to them."""

    def __init__(self, store: Store, cache: Cache, effects: Effects) -> None:
        """One context for all."""
        context = Context(store, cache, effects)
        self.effects = effects
        self.commands = ProjectCommands(context)
        self.queries = ProjectQueries(context)
        self.roles = Roles(context, self.queries)
        self.grants = Grants(context)
        self.applications = ApplicationCommands(context)
        self.application_queries = ApplicationQueries(context)
        self.application_keys = ApplicationKeys(context)
        self.authorizations = Authorizations(context)
        self.administrators = Administrators(context)
