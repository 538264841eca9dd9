// What this node says of its models to the coordinator that leads: at once where it serves or refuses something else, and every few
// seconds what it has counted since.
import CatalogWire
import Commands
import Decision
import Kernel
import LedgerWire
import Serving
import Settings
import Synchronization
import Telemetry
import Units

/// On a thread of its own, for as long as the process runs.
final class ModelTalk {
    private let sets: ModelSets
    private let link: IssuerLink
    private let settings: NodeSettings
    private let keys: ModelMetricKeys
    private let calibration: CalibrationMetricKeys
    private let metrics: Metrics
    /// What was counted when what serves was taken into use.
    private var before: [GoalTally] = []
    private var serving: String?
    private var said: ModelStanding?
    private var saidAt = Instant(nanoseconds: .min)
    private let unheard = Unheard()

    /// Whether nobody has heard what was said last, which another thread learns.
    private final class Unheard: Sendable { let isSo = Atomic<Bool>(false) }

    private static let look = Interval.milliseconds(250)
    /// As often as of pacing.
    private static let pause = Interval.seconds(5)
    /// Whoever was not heard says it again.
    private static let again = Interval.seconds(1)

    static func start(
        _ catalogs: Catalogs, _ link: IssuerLink, _ settings: NodeSettings, _ keys: ModelMetricKeys,
        _ calibration: CalibrationMetricKeys, in metrics: Metrics
    ) throws(Failure) {
        guard let sets = catalogs.models, sets.published != nil else { return }
        do {
            try Thread(name: "model-talk") {
                Kernel.stepBehindOtherThreads()
                let talk = ModelTalk(sets, link, settings, keys, calibration, metrics)
                while true {
                    talk.turn(at: Kernel.monotonicNow())
                    Kernel.sleep(for: look)
                }
            }.detach()
        } catch {
            throw Failure("the thread that tells of models could not start: \(error)")
        }
    }

    private init(
        _ sets: ModelSets, _ link: IssuerLink, _ settings: NodeSettings, _ keys: ModelMetricKeys,
        _ calibration: CalibrationMetricKeys, _ metrics: Metrics
    ) {
        (self.sets, self.link, self.settings) = (sets, link, settings)
        (self.keys, self.calibration, self.metrics) = (keys, calibration, metrics)
        before = PredictedGoal.allCases.map { GoalTally(goal: $0) }
    }

    private func turn(at now: Instant) {
        var standing = standing()
        if standing.models != serving {
            (serving, before) = (standing.models, counted())
        }
        let isNews = standing != said
        let pause = unheard.isSo.load(ordering: .relaxed) ? Self.again : isNews ? .zero : Self.pause
        guard said == nil || now >= saidAt + pause else { return }
        (said, saidAt) = (standing, now)
        standing.goals = zip(counted(), before).map { $0 - $1 }
        unheard.isSo.store(true, ordering: .relaxed)
        link.tell(standing) { [unheard] in if $0 { unheard.isSo.store(false, ordering: .relaxed) } }
    }

    /// Without what is counted, which is another thing each time.
    private func standing() -> ModelStanding {
        var standing = ModelStanding(
            holder: settings.ledger.issuer?.holder ?? "", region: settings.node.region)
        standing.models = sets.serving.map { hexadecimal($0.served.version) }
        if let state = sets.published?.follower.state {
            standing.package = state.publication?.blob.package
            standing.isHeld = state.isHeld
            standing.refused = state.refused?.why
        }
        return standing
    }

    private func counted() -> [GoalTally] {
        PredictedGoal.allCases.map { goal in
            let (all, full) = keys.candidates(goal, in: metrics)
            return GoalTally(
                goal: goal, candidates: all, full: full, calibration: calibration.count(goal, in: metrics))
        }
    }
}
