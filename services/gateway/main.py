"""The gateway's application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi import FastAPI
from starlette.middleware import Middleware

from services.chassis.app import Lifespan, create_app
from services.chassis.audit.checkpoints import Checkpointer, load_signing_key, load_verifying_keys
from services.chassis.handing_over import Carrier, Handover
from services.chassis.id_tokens import IdTokenKey, read_id_token_keys
from services.chassis.process import Opened, open_process
from services.chassis.root_keys import read_root_key
from services.chassis.tokens import KeyRing
from services.chassis.webhooks import secret_of
from services.contracts.identity import Microservice
from services.gateway.accounts.routes import router as accounts
from services.gateway.authorize.routes import people_router as oauth_people
from services.gateway.authorize.routes import router as authorize
from services.gateway.breached_passwords import BreachedPasswords
from services.gateway.client_registrations.routes import permits_router as permits
from services.gateway.client_registrations.routes import router as registrations
from services.gateway.closings.routes import router as closings
from services.gateway.device_page.routes import router as devices
from services.gateway.discovery.routes import router as discovery
from services.gateway.emergency_alerts.routes import events_router as emergency_events
from services.gateway.emergency_alerts.routes import router as emergency_alerts
from services.gateway.equipment import Equipment, make_equipment
from services.gateway.factors.routes import router as factors
from services.gateway.identity_providers.routes import router as identity_providers
from services.gateway.invitations.routes import links_router as invitation_links
from services.gateway.invitations.routes import router as invitations
from services.gateway.keys.rotation import KeyRotation
from services.gateway.keys.routes import router as keys
from services.gateway.letters.logic import Mail
from services.gateway.login.endings import EndingsWatch
from services.gateway.login.routes import router as login
from services.gateway.login.routes import sessions_router as sessions
from services.gateway.me.routes import router as me
from services.gateway.memberships.routes import router as memberships
from services.gateway.oauth_clients.routes import router as oauth_clients
from services.gateway.oauth_refusals import install_oauth_refusals
from services.gateway.oauth_tokens.routes import router as oauth_tokens
from services.gateway.openapi.documents import read_published
from services.gateway.openapi.routes import router as openapi
from services.gateway.organizations.routes import open_router as open_organizations
from services.gateway.organizations.routes import router as organizations
from services.gateway.own_refusals import install_own_refusals
from services.gateway.passkeys.routes import challenges_router as challenges
from services.gateway.passkeys.routes import router as passkeys
from services.gateway.password_changes.routes import router as password_changes
from services.gateway.password_resets.routes import router as password_resets
from services.gateway.passwords import HashingCost, Passwords
from services.gateway.provider_sign_ins.routes import people_router as identity_links
from services.gateway.provider_sign_ins.routes import router as provider_sign_ins
from services.gateway.proxy.addresses import ForwardedAddress
from services.gateway.proxy.dispatcher import Dispatcher
from services.gateway.proxy.headers import SecurityHeaders
from services.gateway.proxy.hosts import LOOPBACK
from services.gateway.proxy.origins import CrossOrigin
from services.gateway.proxy.shortcut import FrontDoor
from services.gateway.security_events.routes import router as security_events
from services.gateway.security_events.trails import trails_in
from services.gateway.settings import GatewaySettings
from services.gateway.tokens.routes import router as tokens
from services.gateway.units import courier_of, key_turns


def build(lifespan: Lifespan) -> FastAPI:
    """Assemble the application; the lifespan puts an `Equipment` and the API's document on `app.state` too."""
    people = (
        login,
        sessions,
        me,
        factors,
        passkeys,
        password_changes,
        password_resets,
        organizations,
        accounts,
        memberships,
        closings,
        identity_providers,
        identity_links,
    )
    routers = (
        *people,
        challenges,
        invitations,
        invitation_links,
        security_events,
        oauth_clients,
        oauth_people,
        keys,
        tokens,
        open_organizations,
        emergency_alerts,
        emergency_events,
        openapi,
        discovery,
        authorize,
        provider_sign_ins,
        devices,
        oauth_tokens,
        registrations,
        permits,
    )
    app = create_app(Microservice.GATEWAY, routers, lifespan=lifespan)
    install_oauth_refusals(app)
    install_own_refusals(app)
    # What the dispatcher refuses or relays has the context, the deadline and the limits of `Edge`. Only the direct way
    # to reads, which is the last, comes after it: nothing is answered before it was decided on.
    app.user_middleware.insert(-1, Middleware(Dispatcher))
    app.add_middleware(CrossOrigin)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(ForwardedAddress)
    app.shortcut = FrontDoor(app)
    return app


def application() -> FastAPI:
    """Make the application of a process, from its settings."""
    settings = GatewaySettings.read()
    signing_keys = KeyRing.from_directory(settings.signing_keys_directory)
    id_token_keys = read_id_token_keys(settings.id_token_keys_directory)
    checkpoint_key = load_signing_key(settings.checkpoint_key_file)
    published = read_published()
    listed = settings.breached_passwords_file
    breached = None if listed is None else BreachedPasswords.open(listed)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        cost = HashingCost(settings.hashing_memory_kib, settings.hashing_rounds)
        passwords = Passwords(
            threads=settings.hashing_threads, queue=settings.hashing_queue, cost=cost, breached=breached
        )
        async with open_process(Microservice.GATEWAY, settings) as opened:
            equipment = _equip(settings, signing_keys, id_token_keys, opened, passwords)
            app.state.process = replace(opened.process, authenticator=equipment.authenticator)
            app.state.equipment = equipment
            app.state.published = published
            database = opened.process.database
            watch = EndingsWatch(lambda: database, equipment.ended, opened.process.clock)
            courier = courier_of(database, equipment, opened.process.clock)
            denials = equipment.front.denials
            trails = trails_in(database, equipment.audit_key, equipment.grown_trails, opened.process.clock)
            rotation = KeyRotation(
                settings.signing_keys_directory,
                settings.id_token_keys_directory,
                signing_keys,
                equipment.oauth.id_tokens,
                turns=key_turns(database, equipment, opened.process.clock),
                clock=opened.process.clock,
                days=settings.signing_key_days,
            )
            running = (watch.run(), courier.run(), denials.run(trails), rotation.run())
            tasks = [asyncio.create_task(task) for task in running]
            checkpointer = Checkpointer(
                checkpoint_key, settings.checkpoint_folder, opened.process.clock, equipment.grown_trails
            )
            async with checkpointer.running(database, settings.checkpoint_seconds):
                yield
                for task in tasks:
                    task.cancel()
                # One may be telling: what it could not tell is there again when it has ended.
                await asyncio.gather(*tasks, return_exceptions=True)
                denials.end_windows(all_of_them=True)
                await denials.tell(trails)
            equipment.front.forwarder.close()
        passwords.close()

    return build(lifespan)


def _equip(
    settings: GatewaySettings,
    signing_keys: KeyRing,
    id_token_keys: tuple[IdTokenKey, ...],
    opened: Opened,
    passwords: Passwords,
) -> Equipment:
    return make_equipment(
        keys=signing_keys,
        issuer=settings.issuer,
        clock=opened.process.clock,
        http=opened.http,
        upstreams={
            Microservice.RECORDS: str(settings.records_url),
            Microservice.SCHEDULER: str(settings.scheduler_url),
        },
        passwords=passwords,
        hosts={*LOOPBACK, *settings.allowed_hosts, *_hosts_of(settings)},
        origins=settings.allowed_origins,
        engines=settings.trusted_engines,
        proxies=settings.trusted_proxies,
        session_times=settings.session_times,
        public_url=str(settings.public_url or settings.gateway_url),
        id_token_keys=id_token_keys,
        sealing_key=read_root_key(settings.sealing_key_file),
        passkey_domain=settings.passkey_domain,
        passkey_origins=settings.passkey_origins,
        mail=_mail(settings),
        has_registration=settings.dynamic_registration,
        event_keys=load_verifying_keys(settings.checkpoint_key_file),
        caller_allowance=settings.caller_allowance,
    )


def _mail(settings: GatewaySettings) -> Mail | None:
    if settings.mail_relay_url is None or settings.mail_relay_secret_file is None:
        return None
    secret = secret_of(settings.mail_relay_secret_file.read_text().strip())
    handover, url = Handover(allows_loopback=settings.loopback_relay), str(settings.mail_relay_url)
    handover.check(url)
    page = None if settings.account_page_url is None else str(settings.account_page_url)
    return Mail(Carrier(url, secret), handover, page=page)


def _hosts_of(settings: GatewaySettings) -> set[str]:
    return {url.host for url in (settings.gateway_url, settings.public_url) if url is not None and url.host}
