"""What a migrated database really contains, as sorted lines: Alembic sees no constraint, policy or grant."""

import asyncpg

# PostgreSQL 18 lists NOT NULL among the constraints and 15 does not; the column lines say it for both.
_CATALOG = """
select 'column ' || table_name || '.' || column_name || ' ' || data_type
       || case is_nullable when 'NO' then ' not null' else '' end
    from information_schema.columns where table_schema = 'public'
union all
select 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
    from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
union all
select 'index ' || indexdef from pg_indexes where schemaname = 'public'
union all
select 'policy ' || tablename || ' ' || policyname || ' ' || cmd
       || ' using ' || coalesce(qual, '-') || ' check ' || coalesce(with_check, '-')
    from pg_policies where schemaname = 'public'
union all
select 'security ' || relname || ' enabled ' || relrowsecurity || ' forced ' || relforcerowsecurity
    from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
union all
select 'grant ' || table_name || ' ' || privilege_type || ' to ' || grantee
    from information_schema.role_table_grants where table_schema = 'public'
union all
select 'trigger ' || tgrelid::regclass || ' ' || tgname || ' ' || pg_get_triggerdef(oid)
    from pg_trigger where not tgisinternal
union all
select 'function ' || proname from pg_proc p where pronamespace = 'public'::regnamespace
    and not exists (select 1 from pg_depend d where d.objid = p.oid and d.deptype = 'e')
order by 1
"""


async def catalog_of(url: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return [row[0] for row in await connection.fetch(_CATALOG)]
    finally:
        await connection.close()
