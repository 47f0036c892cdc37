"""The records service's application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.chassis.app import Lifespan, create_app
from services.chassis.audit.checkpoints import Checkpointer, load_signing_key
from services.chassis.process import open_process
from services.chassis.root_keys import RootKeys
from services.clients.emergencies import EmergencyEventsClient
from services.clients.gateway import GatewayClient
from services.contracts.identity import Microservice
from services.records.access_denials.routes import router as access_denials
from services.records.aftercare.routes import router as aftercare
from services.records.assessments.routes import router as assessments
from services.records.care_teams.alerts import AlertRounds
from services.records.care_teams.routes import router as care_teams
from services.records.care_teams.storage import untold_in
from services.records.charts.routes import router as charts
from services.records.claims.routes import router as claims
from services.records.consents.routes import router as consents
from services.records.cost.routes import router as cost
from services.records.counselling_notes.routes import router as counselling_notes
from services.records.dependencies.replays import decide_again
from services.records.directory.routes import router as directory
from services.records.discharge_summaries.routes import router as discharge_summaries
from services.records.disclosures.routes import disclosing
from services.records.disclosures.routes import router as disclosures
from services.records.documentation.routes import router as documentation
from services.records.draw_programmes.routes import router as draw_programmes
from services.records.drug_tests.routes import router as drug_tests
from services.records.encounters.routes import router as encounters
from services.records.episodes.routes import router as episodes
from services.records.family.routes import router as family
from services.records.intake_doors.routes import router as intake_doors
from services.records.legal_requests.routes import router as legal_requests
from services.records.medications.routes import router as medications
from services.records.notes.routes import router as notes
from services.records.own_record.routes import router as own_record
from services.records.patients.routes import router as patients
from services.records.placement_helper.routes import router as placement_helper
from services.records.placement_reviews.routes import router as placement_reviews
from services.records.plans_of_care.routes import router as plans_of_care
from services.records.privacy_incidents.routes import router as privacy_incidents
from services.records.privacy_notices.routes import router as privacy_notices
from services.records.programme_closings.routes import router as programme_closings
from services.records.public_health_reports.routes import router as public_health_reports
from services.records.recipients.routes import router as recipients
from services.records.record_seals.routes import router as record_seals
from services.records.recovery_groups.routes import router as recovery_groups
from services.records.referrals.routes import router as referrals
from services.records.relapse_prevention.routes import router as relapse_prevention
from services.records.settings import RecordsSettings
from services.records.site_zones.routes import router as site_zones
from services.records.supervisions.routes import router as supervisions
from services.records.treatment_plans.routes import router as treatment_plans


def build(lifespan: Lifespan) -> FastAPI:
    """Assemble the application; the lifespan also puts the `RootKeys` on `app.state.root_keys`."""
    app = create_app(
        Microservice.RECORDS,
        (
            patients,
            charts,
            treatment_plans,
            plans_of_care,
            care_teams,
            consents,
            referrals,
            placement_helper,
            intake_doors,
            cost,
            directory,
            claims,
            family,
            programme_closings,
            record_seals,
            aftercare,
            relapse_prevention,
            recovery_groups,
            recipients,
            episodes,
            placement_reviews,
            draw_programmes,
            drug_tests,
            legal_requests,
            medications,
            assessments,
            encounters,
            site_zones,
            documentation,
            supervisions,
            notes,
            counselling_notes,
            disclosing,
            disclosures,
            access_denials,
            privacy_notices,
            privacy_incidents,
            public_health_reports,
            own_record,
            discharge_summaries,
        ),
        lifespan=lifespan,
        is_audited=True,
    )
    app.state.decides_again = decide_again
    # The loop itself keeps no task alive.
    app.state.tellings = set()
    return app


def application() -> FastAPI:
    """Make the application of a process, from its settings.

    Raises:
        RootKeyError: The file of the root key does not hold a key.
    """
    settings = RecordsSettings.read()
    root_keys = RootKeys.read(settings.root_key_file)
    checkpoint_key = load_signing_key(settings.checkpoint_key_file)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_process(Microservice.RECORDS, settings) as opened:
            app.state.process = opened.process
            app.state.root_keys = root_keys
            app.state.gateway = GatewayClient(opened.http, str(settings.gateway_url))
            checkpointer = Checkpointer(
                checkpoint_key, settings.checkpoint_folder, opened.process.clock, app.state.grown_trails
            )
            database, clock = opened.process.database, opened.process.clock
            events = EmergencyEventsClient(opened.http, str(settings.gateway_url), checkpoint_key, clock)
            alerts = AlertRounds(untold_in(database), events, clock)
            async with alerts.running(), checkpointer.running(database, settings.checkpoint_seconds):
                yield

    return build(lifespan)
