import ai.timefold.solver.core.api.domain.entity.PlanningEntity;
import ai.timefold.solver.core.api.domain.solution.PlanningEntityCollectionProperty;
import ai.timefold.solver.core.api.domain.solution.PlanningScore;
import ai.timefold.solver.core.api.domain.solution.PlanningSolution;
import ai.timefold.solver.core.api.domain.valuerange.ValueRangeProvider;
import ai.timefold.solver.core.api.domain.variable.PlanningVariable;
import ai.timefold.solver.core.api.score.buildin.hardsoftlong.HardSoftLongScore;
import ai.timefold.solver.core.api.score.calculator.IncrementalScoreCalculator;
import ai.timefold.solver.core.api.solver.Solver;
import ai.timefold.solver.core.api.solver.SolverFactory;
import ai.timefold.solver.core.config.localsearch.LocalSearchPhaseConfig;
import ai.timefold.solver.core.config.score.director.ScoreDirectorFactoryConfig;
import ai.timefold.solver.core.config.solver.SolverConfig;
import com.sun.management.OperatingSystemMXBean;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The week as a Timefold model: reads facts and a start on standard input, writes assignments on standard output. */
public class TimefoldPeer {
    static final int DAY = 60;
    static final int WEEK = 7 * DAY;
    static final double LENIENT_SHARE = 0.8;

    /** A group meeting that could be held, led by somebody. */
    public record Opening(int offer, int service, int slots, int day, int slot, boolean onSite, int minimum,
            int maximum, int coAbove, Set<Integer> people, Set<Integer> assistants, int lead) {}

    /** An hour of a visit, with who holds it; practitioner -1 is a pool. */
    public record Hour(int index, boolean onSite, int day, int slot, int practitioner, int continuity) {}

    /** An immutable name of a group: a seat refers to the name, never to the entity. */
    public record Handle(int number) {}

    @PlanningEntity
    public static class Group {
        public int number;
        public List<Opening> openings;
        public List<Integer> staff;
        @PlanningVariable(allowsUnassigned = true, valueRangeProviderRefs = "openings")
        public Opening opening;
        @PlanningVariable(allowsUnassigned = true, valueRangeProviderRefs = "staff")
        public Integer co;

        @ValueRangeProvider(id = "openings")
        public List<Opening> getOpenings() { return openings; }

        @ValueRangeProvider(id = "staff")
        public List<Integer> getStaff() { return staff; }
    }

    @PlanningEntity
    public static class Seat {
        public int number;
        public int patient;
        public List<Handle> handles;
        @PlanningVariable(allowsUnassigned = true, valueRangeProviderRefs = "handles")
        public Handle handle;

        @ValueRangeProvider(id = "handles")
        public List<Handle> getHandles() { return handles; }
    }

    @PlanningEntity
    public static class Visit {
        public int number;
        public int patient;
        public int service;
        public int slots;
        public List<Hour> hours;
        @PlanningVariable(allowsUnassigned = true, valueRangeProviderRefs = "hours")
        public Hour hour;

        @ValueRangeProvider(id = "hours")
        public List<Hour> getHours() { return hours; }
    }

    @PlanningSolution
    public static class Plan {
        @PlanningEntityCollectionProperty
        public List<Group> groups = new ArrayList<>();
        @PlanningEntityCollectionProperty
        public List<Seat> seats = new ArrayList<>();
        @PlanningEntityCollectionProperty
        public List<Visit> visits = new ArrayList<>();
        @PlanningScore
        public HardSoftLongScore score;
    }

    /** What does not change, in arrays; costs are doubled so that half a slot of a co-facilitator is whole. */
    static class Facts {
        int gap, idle, nurseApart, nurse;
        int unmet, trip, call, idleCost, group, balance;
        int[] mostDay, mostWeek, share, patientDay, rooms;
        int[][] liking, need, limit;
        boolean[] counted;
        boolean strict;
        List<Set<Integer>> enemies = new ArrayList<>();
    }

    static final Facts FACTS = new Facts();

    /** Keeps every count current and recomputes only the groups and patients a move touched. */
    public static class Calculator implements IncrementalScoreCalculator<Plan, HardSoftLongScore> {
        private Plan plan;
        private int[][] busy, used;
        private int[][] roomUse;
        private long hard, soft;
        private Handle[] seated;
        private Hour[] held;
        private Opening[] open;
        private Integer[] assisted;
        private int[] counted;
        private long[] patientHard, patientSoft, groupHard, staffHard, staffSoft;
        private List<List<Seat>> members, ofPatient;
        private List<List<Visit>> visits;
        private final Set<Integer> dirtyGroups = new LinkedHashSet<>(), dirtyPatients = new LinkedHashSet<>();
        private final Set<Integer> dirtyStaff = new LinkedHashSet<>();

        @Override
        public void resetWorkingSolution(Plan solution) {
            plan = solution;
            int staff = FACTS.mostDay.length, patients = FACTS.need.length, groups = plan.groups.size();
            busy = new int[staff][WEEK];
            used = new int[FACTS.limit.length][WEEK];
            roomUse = new int[FACTS.rooms.length][WEEK];
            hard = soft = 0;
            seated = new Handle[plan.seats.size()];
            held = new Hour[plan.visits.size()];
            open = new Opening[groups];
            assisted = new Integer[groups];
            counted = new int[groups];
            groupHard = new long[groups];
            patientHard = new long[patients];
            patientSoft = new long[patients];
            staffHard = new long[staff];
            staffSoft = new long[staff];
            members = lists(groups);
            ofPatient = lists(patients);
            visits = lists(patients);
            for (int patient = 0; patient < patients; patient++) dirtyPatients.add(patient);
            for (Group group : plan.groups) dirtyGroups.add(group.number);
            for (Seat seat : plan.seats) {
                ofPatient.get(seat.patient).add(seat);
                seat(seat);
            }
            for (Visit visit : plan.visits) {
                visits.get(visit.patient).add(visit);
                hold(visit);
            }
        }

        private static <T> List<List<T>> lists(int count) {
            List<List<T>> found = new ArrayList<>();
            for (int n = 0; n < count; n++) found.add(new ArrayList<>());
            return found;
        }

        @Override
        public void beforeVariableChanged(Object entity, String variable) {}

        @Override
        public void afterVariableChanged(Object entity, String variable) {
            if (entity instanceof Seat seat) seat(seat);
            else if (entity instanceof Visit visit) hold(visit);
            else dirtyGroups.add(((Group) entity).number);
        }

        private void seat(Seat seat) {
            Handle before = seated[seat.number];
            if (before != null) {
                members.get(before.number()).remove(seat);
                dirtyGroups.add(before.number());
            }
            if (seat.handle != null) {
                members.get(seat.handle.number()).add(seat);
                dirtyGroups.add(seat.handle.number());
            }
            seated[seat.number] = seat.handle;
            dirtyPatients.add(seat.patient);
        }

        private void hold(Visit visit) {
            Hour before = held[visit.number];
            if (before != null) occupy(visit, before, -1);
            if (visit.hour != null) occupy(visit, visit.hour, 1);
            held[visit.number] = visit.hour;
            dirtyPatients.add(visit.patient);
        }

        private void occupy(Visit visit, Hour hour, int sign) {
            int first = hour.day() * DAY + hour.slot();
            if (hour.practitioner() >= 0) work(hour.practitioner(), first, visit.slots, sign);
            if (!FACTS.counted[visit.service] && !hour.onSite()) return;
            count(used[visit.service], FACTS.limit[visit.service], first, visit.slots, sign);
        }

        private void work(int person, int first, int slots, int sign) {
            for (int t = first; t < first + slots; t++) {
                hard += Math.max(0, busy[person][t] - 1);
                busy[person][t] += sign;
                hard -= Math.max(0, busy[person][t] - 1);
            }
            dirtyStaff.add(person);
        }

        private void count(int[] use, int[] limit, int first, int slots, int sign) {
            for (int t = first; t < first + slots; t++) {
                hard += Math.max(0, use[t] - limit[t]);
                use[t] += sign;
                hard -= Math.max(0, use[t] - limit[t]);
            }
        }

        private void meet(Opening opening, Integer co, int size, int sign) {
            int first = opening.day() * DAY + opening.slot(), slots = opening.slots();
            work(opening.lead(), first, slots, sign);
            if (co != null) work(co, first, slots, sign);
            soft -= (long) sign * FACTS.group * slots * (co == null ? 2 : 3);
            if (!opening.onSite()) return;
            for (int n = 0; n < FACTS.rooms.length; n++) {
                if (n > 0 && size <= FACTS.rooms[n - 1]) break;
                int[] limit = new int[WEEK];
                Arrays.fill(limit, FACTS.rooms.length - n);
                count(roomUse[n], limit, first, slots, sign);
            }
        }

        private void refresh(Group group) {
            int n = group.number;
            if (open[n] != null) meet(open[n], assisted[n], counted[n], -1);
            hard -= groupHard[n];
            groupHard[n] = 0;
            open[n] = group.opening;
            assisted[n] = group.opening == null ? null : group.co;
            counted[n] = members.get(n).size();
            if (group.opening != null) {
                meet(open[n], assisted[n], counted[n], 1);
                groupHard[n] = -broken(group.opening, assisted[n], members.get(n));
            }
            hard += groupHard[n];
            for (Seat seat : members.get(n)) dirtyPatients.add(seat.patient);
        }

        private long broken(Opening opening, Integer co, List<Seat> seats) {
            int most = co == null ? Math.min(opening.maximum(), opening.coAbove()) : opening.maximum();
            long found = Math.max(0, seats.size() - most);
            if (co != null && !opening.assistants().contains(co)) found++;
            for (int a = 0; a < seats.size(); a++) {
                if (!opening.people().contains(seats.get(a).patient)) found++;
                for (int b = 0; b < a; b++) {
                    if (seats.get(a).patient == seats.get(b).patient) found++;
                    if (FACTS.enemies.get(seats.get(a).patient).contains(seats.get(b).patient)) found++;
                }
            }
            return found;
        }

        private record Session(int service, int day, int slot, int slots, boolean onSite) {}

        private void refresh(int patient) {
            hard -= patientHard[patient];
            soft -= patientSoft[patient];
            List<List<Session>> days = lists(7);
            int[] got = new int[FACTS.need[patient].length];
            long cost = 0;
            long broken = 0;
            long credit = 0;
            for (Seat seat : ofPatient.get(patient)) {
                Opening opening = seat.handle == null ? null : plan.groups.get(seat.handle.number()).opening;
                if (opening == null) continue;
                int missing = opening.minimum() - members.get(seat.handle.number()).size();
                got[opening.service()] += opening.slots();
                // A group that is still too small delivers nothing. Single moves cannot gather four people at once, so
                // for most of the search the closer it comes, the less that hurts.
                long lost = (long) FACTS.unmet * opening.slots();
                if (missing > 0) credit += FACTS.strict ? lost : lost * (2 + missing) / (2 + opening.minimum());
                days.get(opening.day()).add(
                        new Session(opening.service(), opening.day(), opening.slot(), opening.slots(), opening.onSite()));
            }
            for (Visit visit : visits.get(patient)) {
                if (visit.hour == null) continue;
                got[visit.service] += visit.slots;
                cost += visit.hour.continuity();
                days.get(visit.hour.day()).add(new Session(
                        visit.service, visit.hour.day(), visit.hour.slot(), visit.slots, visit.hour.onSite()));
            }
            for (int service = 0; service < got.length; service++) {
                broken += Math.max(0, got[service] - FACTS.need[patient][service]);
                cost += (long) FACTS.unmet * Math.max(0, FACTS.need[patient][service] - got[service]);
            }
            int nursed = -WEEK;
            for (List<Session> day : days) {
                if (day.isEmpty()) continue;
                day.sort((a, b) -> a.slot - b.slot);
                int total = 0, last = 0;
                Set<Integer> services = new HashSet<>();
                for (int n = 0; n < day.size(); n++) {
                    Session session = day.get(n);
                    if (n > 0) broken += Math.max(0, last + FACTS.gap - session.slot);
                    if (session.onSite != day.get(0).onSite) broken++;
                    if (!services.add(session.service)) broken++;
                    if (session.service == FACTS.nurse) {
                        broken += Math.max(0, FACTS.nurseApart - (session.day - nursed));
                        nursed = session.day;
                    }
                    total += session.slots;
                    last = Math.max(last, session.slot + session.slots);
                    cost += FACTS.liking[patient][bucket(session)];
                }
                int idle = last - day.get(0).slot - total - FACTS.gap * (day.size() - 1);
                broken += Math.max(0, idle - FACTS.idle) + Math.max(0, total - FACTS.patientDay[patient]);
                cost += (long) FACTS.idleCost * Math.max(0, idle) + (day.get(0).onSite ? FACTS.trip : FACTS.call);
            }
            patientHard[patient] = -broken;
            patientSoft[patient] = -2 * (cost + credit);
            hard += patientHard[patient];
            soft += patientSoft[patient];
        }

        private static int bucket(Session session) {
            if (session.day >= 5) return 3;
            return session.slot < 20 ? 0 : session.slot < 40 ? 1 : 2;
        }

        private void refreshStaff(int person) {
            hard -= staffHard[person];
            soft -= staffSoft[person];
            int week = 0;
            long broken = 0;
            for (int day = 0; day < 7; day++) {
                int today = 0;
                for (int t = day * DAY; t < (day + 1) * DAY; t++) if (busy[person][t] > 0) today++;
                broken += Math.max(0, today - FACTS.mostDay[person]);
                week += today;
            }
            broken += Math.max(0, week - FACTS.mostWeek[person]);
            staffHard[person] = -broken;
            staffSoft[person] = -2L * FACTS.balance * Math.max(0, week - FACTS.share[person]);
            hard += staffHard[person];
            soft += staffSoft[person];
        }

        @Override
        public HardSoftLongScore calculateScore() {
            for (int number : dirtyGroups) refresh(plan.groups.get(number));
            dirtyGroups.clear();
            for (int patient : dirtyPatients) refresh(patient);
            dirtyPatients.clear();
            for (int person : dirtyStaff) refreshStaff(person);
            dirtyStaff.clear();
            return HardSoftLongScore.of(hard, soft);
        }

        @Override
        public void beforeEntityAdded(Object entity) {}

        @Override
        public void afterEntityAdded(Object entity) {}

        @Override
        public void beforeEntityRemoved(Object entity) {}

        @Override
        public void afterEntityRemoved(Object entity) {}
    }

    private static int[] numbers(String[] words, int from) {
        return Arrays.stream(words, from, words.length).mapToInt(Integer::parseInt).toArray();
    }

    private static Set<Integer> set(int[] numbers, int from, int count) {
        Set<Integer> found = new HashSet<>();
        for (int n = from; n < from + count; n++) found.add(numbers[n]);
        return found;
    }

    /** Read one record a line: a letter and integers. */
    private static Plan read(BufferedReader in) throws Exception {
        Plan plan = new Plan();
        List<int[]> staff = new ArrayList<>(), patients = new ArrayList<>(), limits = new ArrayList<>();
        List<int[]> likings = new ArrayList<>(), needs = new ArrayList<>();
        Map<Integer, List<Opening>> openings = new HashMap<>();
        Map<Integer, List<Handle>> handles = new HashMap<>();
        List<Hour> hours = List.of();
        List<Integer> assistants = new ArrayList<>();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ");
            int[] n = numbers(words, 1);
            switch (words[0]) {
                case "limits" -> { FACTS.gap = n[0]; FACTS.idle = n[1]; FACTS.nurseApart = n[2]; FACTS.nurse = n[3]; }
                case "weights" -> {
                    FACTS.unmet = n[0]; FACTS.trip = n[1]; FACTS.call = n[2]; FACTS.idleCost = n[3];
                    FACTS.group = n[4]; FACTS.balance = n[5];
                }
                case "rooms" -> FACTS.rooms = n;
                case "staff" -> { staff.add(n); if (n[3] == 1) assistants.add(staff.size() - 1); }
                case "patient" -> { patients.add(n); FACTS.enemies.add(new HashSet<>()); }
                case "liking" -> likings.add(n);
                case "need" -> needs.add(n);
                case "enemies" -> { FACTS.enemies.get(n[0]).add(n[1]); FACTS.enemies.get(n[1]).add(n[0]); }
                case "limit" -> limits.add(n);
                case "offer" -> {
                    Set<Integer> people = set(n, 13, n[10]);
                    Set<Integer> helpers = set(n, 13 + n[10] + n[11], n[12]);
                    for (int at = 13 + n[10]; at < 13 + n[10] + n[11]; at++)
                        openings.computeIfAbsent(n[1], key -> new ArrayList<>()).add(new Opening(n[0], n[2], n[3], n[4],
                                n[5], n[6] == 1, n[7], n[8], n[9], people, helpers, n[at]));
                }
                case "group" -> {
                    Group group = new Group();
                    group.number = plan.groups.size();
                    group.openings = openings.getOrDefault(n[0], List.of());
                    group.staff = assistants;
                    group.opening = group.openings.stream().filter(one -> one.offer() == n[1] && one.lead() == n[2])
                            .findFirst().orElse(null);
                    group.co = n[3] < 0 ? null : (Integer) n[3];
                    handles.computeIfAbsent(n[0], key -> new ArrayList<>()).add(new Handle(group.number));
                    plan.groups.add(group);
                }
                case "seat" -> {
                    Seat seat = new Seat();
                    seat.number = plan.seats.size();
                    seat.patient = n[0];
                    seat.handles = handles.getOrDefault(n[1], List.of());
                    seat.handle = seat.handles.stream().filter(one -> one.number() == n[2]).findFirst().orElse(null);
                    plan.seats.add(seat);
                }
                case "hours" -> {
                    hours = new ArrayList<>();
                    for (int at = 0; at < n.length; at += 5)
                        hours.add(new Hour(at / 5, n[at] == 1, n[at + 1], n[at + 2], n[at + 3], n[at + 4]));
                }
                case "visit" -> {
                    Visit visit = new Visit();
                    visit.number = plan.visits.size();
                    visit.patient = n[0];
                    visit.service = n[1];
                    visit.slots = n[2];
                    visit.hours = hours;
                    visit.hour = n[3] < 0 ? null : hours.get(n[3]);
                    plan.visits.add(visit);
                }
                default -> throw new IllegalArgumentException(words[0]);
            }
        }
        FACTS.mostDay = staff.stream().mapToInt(one -> one[0]).toArray();
        FACTS.mostWeek = staff.stream().mapToInt(one -> one[1]).toArray();
        FACTS.share = staff.stream().mapToInt(one -> one[2]).toArray();
        FACTS.patientDay = patients.stream().mapToInt(one -> one[0]).toArray();
        FACTS.liking = likings.toArray(int[][]::new);
        FACTS.need = needs.toArray(int[][]::new);
        FACTS.counted = new boolean[limits.size()];
        FACTS.limit = new int[limits.size()][];
        for (int service = 0; service < limits.size(); service++) {
            FACTS.counted[service] = limits.get(service)[0] == 1;
            FACTS.limit[service] = Arrays.copyOfRange(limits.get(service), 1, 1 + WEEK);
        }
        return plan;
    }

    /** Solve from a start until the whole process has used so many CPU seconds. */
    private static Plan solve(Plan start, SolverConfig config, double budget) {
        Solver<Plan> solver = SolverFactory.<Plan>create(config).buildSolver();
        OperatingSystemMXBean machine = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        Thread watch = new Thread(() -> {
            try {
                while (machine.getProcessCpuTime() < budget * 1e9) Thread.sleep(20);
                solver.terminateEarly();
            } catch (InterruptedException stopped) {
                Thread.currentThread().interrupt();
            }
        });
        watch.setDaemon(true);
        watch.start();
        return solver.solve(start);
    }

    public static void main(String[] arguments) throws Exception {
        double budget = Double.parseDouble(arguments[0]);
        Plan start = read(new BufferedReader(new InputStreamReader(System.in)));
        SolverConfig config = new SolverConfig()
                .withSolutionClass(Plan.class)
                .withEntityClasses(Group.class, Seat.class, Visit.class)
                .withScoreDirectorFactory(
                        new ScoreDirectorFactoryConfig().withIncrementalScoreCalculatorClass(Calculator.class))
                .withPhases(new LocalSearchPhaseConfig())
                .withRandomSeed(Long.parseLong(arguments[1]));
        Plan gathered = solve(start, config, budget * LENIENT_SHARE);
        FACTS.strict = true;
        Plan best = solve(gathered, config, budget);
        System.out.println("score " + best.score.hardScore() + " " + best.score.softScore());
        for (Group group : best.groups)
            if (group.opening != null)
                System.out.println("group " + group.number + " " + group.opening.offer() + " " + group.opening.lead()
                        + " " + (group.co == null ? -1 : group.co));
        for (Seat seat : best.seats)
            if (seat.handle != null) System.out.println("seat " + seat.patient + " " + seat.handle.number());
        for (Visit visit : best.visits)
            if (visit.hour != null) System.out.println("visit " + visit.number + " " + visit.hour.index());
    }
}
