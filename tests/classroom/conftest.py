from tests.people import klass, nobody, operator, other_teacher, seat, teacher
from tests.redis_fixture import redis, valkey, valkey_url

__all__ = ["klass", "nobody", "operator", "other_teacher", "redis", "seat", "teacher", "valkey", "valkey_url"]
