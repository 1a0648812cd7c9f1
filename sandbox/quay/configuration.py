"""The configuration dump: known secrets are masked by Quay, everything else is shown as it is."""

from sandbox.quay.state import Registry
from sandbox.quay.views import Json


def dump(registry: Registry) -> Json:
    """What `getConfigDump` answers; the process environment is not masked, and other values may be secret."""
    config = _config(registry)
    described = {name: {"type": _json_type(value), "description": name} for name, value in config.items()}
    return {"config": config, "warning": _WARNING, "env": _ENVIRONMENT, "schema": _schema(described)}


def _config(registry: Registry) -> Json:
    features = registry.features
    users = registry.users()
    return {
        "AUTHENTICATION_TYPE": features.authentication,
        "BROWSER_API_CALLS_XHR_ONLY": features.browser_xhr_only,
        "BUILDLOGS_REDIS": {"host": "redis.sandbox.example", "port": 6379, "password": "********** (12)"},
        "DB_CONNECTION_ARGS": {"threadlocals": True, "autorollback": True},
        "DB_URI": "********** (43)",
        "DEFAULT_SYSTEM_REJECT_QUOTA_BYTES": features.default_quota_bytes,
        "DEFAULT_TAG_EXPIRATION": "2w",
        "DISTRIBUTED_STORAGE_CONFIG": {
            "default": ["S3Storage", {"s3_bucket": "sandbox", "s3_secret_key": "sandbox-storage-secret"}]
        },
        "DISTRIBUTED_STORAGE_PREFERENCE": ["default"],
        "FEATURE_AUTO_PRUNE": features.auto_prune,
        "FEATURE_BUILD_SUPPORT": True,
        "FEATURE_EDIT_QUOTA": features.edit_quota,
        "FEATURE_MAILING": features.mailing,
        "FEATURE_PROXY_CACHE": features.proxy_cache,
        "FEATURE_QUOTA_MANAGEMENT": features.quota_management,
        "FEATURE_REPO_MIRROR": features.repo_mirror,
        "FEATURE_SUPERUSERS_FULL_ACCESS": features.superusers_full_access,
        "FEATURE_SUPERUSER_CONFIGDUMP": features.config_dump,
        "FEATURE_SUPER_USERS": features.super_users,
        "FEATURE_USER_CREATION": True,
        "FEATURE_VERIFY_QUOTA": features.verify_quota,
        "FRESH_LOGIN_TIMEOUT": "10m",
        "GLOBAL_READONLY_SUPER_USERS": [user.name for user in users if user.global_readonly],
        "LOGS_MODEL": "database",
        "LOGS_MODEL_CONFIG": {"should_skip_logging": None},
        "MAIL_PASSWORD": "********** (16)",
        "MAIL_PORT": 587,
        "MAIL_SERVER": "",
        "MAIL_USE_TLS": True,
        "PREFERRED_URL_SCHEME": "http",
        "REGISTRY_STATE": "readonly" if features.readonly else "normal",
        "REGISTRY_TITLE": "Sandbox Quay",
        "SERVER_HOSTNAME": features.server_hostname,
        "SUPER_USERS": [user.name for user in users if user.super_user],
        "TAG_EXPIRATION_OPTIONS": ["0s", "1d", "1w", "2w", "4w"],
        "USER_EVENTS_REDIS": {"host": "redis.sandbox.example", "port": 6379},
    }


def _schema(described: Json) -> Json:
    return {
        "type": "object",
        "description": "Schema for Quay configuration",
        "required": ["PREFERRED_URL_SCHEME", "SERVER_HOSTNAME", "DB_URI", "AUTHENTICATION_TYPE"],
        "properties": described,
    }


def _json_type(value: object) -> str:
    names = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}
    return names[type(value)]


_WARNING: Json = {
    "DEBUG": False,
    "TESTING": False,
    "SECRET_KEY": "********** (39)",
    "APPLICATION_ROOT": "/",
    "SEND_FILE_MAX_AGE_DEFAULT": 0,
    "MAX_COOKIE_SIZE": 4093,
    "EXPIRED_SERVICE_KEY_TTL_SEC": 604800,
    "UNAPPROVED_SERVICE_KEY_TTL_SEC": 86400,
}
_ENVIRONMENT: Json = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/quay-registry",
    "QUAYCONF": "/quay-registry/conf",
    "PYTHONPATH": ".",
    "WORKER_COUNT_WEB": "2",
    "DB_PASSWORD": "sandbox-database-password",
}
