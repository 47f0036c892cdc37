"""Every table of the records database."""

from types import MappingProxyType
from typing import Final

from services.records import organization_keys as _organization_keys  # noqa: F401 - registers its rows
from services.records.aftercare import tables as _aftercare  # noqa: F401 - registers its rows
from services.records.assessments import tables as _assessments  # noqa: F401 - registers its rows
from services.records.claims import tables as _claims  # noqa: F401 - registers its rows
from services.records.consents import tables as _consents  # noqa: F401 - registers its rows
from services.records.counselling_notes import tables as _counselling_notes  # noqa: F401 - registers its rows
from services.records.directory import tables as _directory  # noqa: F401 - registers its rows
from services.records.discharge_summaries import tables as _discharge_summaries  # noqa: F401 - registers its rows
from services.records.disclosures import tables as _disclosures  # noqa: F401 - registers its rows
from services.records.documentation import tables as _documentation  # noqa: F401 - registers its rows
from services.records.draw_programmes import tables as _draw_programmes  # noqa: F401 - registers its rows
from services.records.drug_tests import tables as _drug_tests  # noqa: F401 - registers its rows
from services.records.encounters import tables as _encounters  # noqa: F401 - registers its rows
from services.records.episodes import tables as _episodes  # noqa: F401 - registers its rows
from services.records.family import tables as _family  # noqa: F401 - registers its rows
from services.records.intake_doors import tables as _intake_doors  # noqa: F401 - registers its rows
from services.records.legal_requests import tables as _legal_requests  # noqa: F401 - registers its rows
from services.records.medications import tables as _medications  # noqa: F401 - registers its rows
from services.records.notes import tables as _notes  # noqa: F401 - registers its rows
from services.records.own_record import tables as _own_record  # noqa: F401 - registers its rows
from services.records.patients import tables as _patients  # noqa: F401 - registers its rows
from services.records.placement_reviews import tables as _placement_reviews  # noqa: F401 - registers its rows
from services.records.plans_of_care import tables as _plans_of_care  # noqa: F401 - registers its rows
from services.records.privacy_incidents import tables as _privacy_incidents  # noqa: F401 - registers its rows
from services.records.privacy_notices import tables as _privacy_notices  # noqa: F401 - registers its rows
from services.records.programme_closings import tables as _programme_closings  # noqa: F401 - registers its rows
from services.records.recipients import tables as _recipients  # noqa: F401 - registers its rows
from services.records.record_seals import tables as _record_seals  # noqa: F401 - registers its rows
from services.records.recovery_groups import tables as _recovery_groups  # noqa: F401 - registers its rows
from services.records.referrals import tables as _referrals  # noqa: F401 - registers its rows
from services.records.relapse_prevention import tables as _relapse_prevention  # noqa: F401 - registers its rows
from services.records.relations import tables as _relations  # noqa: F401 - registers its rows
from services.records.rows import Base
from services.records.site_zones import tables as _site_zones  # noqa: F401 - registers its rows
from services.records.supervisions import tables as _supervisions  # noqa: F401 - registers its rows
from services.records.treatment_plans import tables as _treatment_plans  # noqa: F401 - registers its rows

METADATA: Final = Base.metadata

SPANNING_TABLES: Final = MappingProxyType[str, str](
    {
        "intake_doors": "who sends an inquiry knows the door and no organization; holds no data of a person",
        "untold_emergencies": "what tells of them in the background acts in no organization; names no patient",
        "directory_programmes": "anybody looks for a programme, and most of them are no organization here",
        "directory_facts": "what public sources and the programmes themselves state for anybody to read",
        "directory_attestations": "what a programme states of itself for anybody to read; names nobody of its staff",
        "record_seals": "the scheduler asks for those of all organizations at once; ids, and only until it has acted",
    }
)
"""Tables that span organizations, with the reason."""
