// What nodes say of their models, as far as this process has heard it while it leads: for who looks, for who chooses a canary's nodes, and
// to take a canary back by itself.
import CatalogWire
import Decision
import Documents
import HTTP
import Kernel
import Ledger
import Serving
import Settings
import Telemetry
import Units

/// Used on the root's thread only. Nothing of it is kept beyond a leadership: nodes say it again within seconds.
final class ModelWatch {
    private struct Heard {
        var standing: ModelStanding
        var at: Instant
    }

    private let context: CoordinatorContext
    private unowned let root: Root
    private let bulletin: Bulletin
    private let desk: ChangeDesk
    private var epoch: Epoch
    private var known: [String: Heard] = [:]
    /// The turn whose canary is being taken back, since when.
    private var takenBack: (turn: Int64, at: Instant)?

    /// Nodes speak every five seconds; who was silent for so long is not counted any more.
    private static let silence = Interval.seconds(60)
    /// What could not be written within it is tried again.
    private static let patience = Interval.seconds(30)
    /// As many as holders can have nodes: 64 each.
    private static let nodesMost = 4_096

    init(_ context: CoordinatorContext, _ root: Root, _ bulletin: Bulletin, _ desk: ChangeDesk) {
        (self.context, self.root, self.bulletin, self.desk) = (context, root, bulletin, desk)
        epoch = root.machine.epoch
    }

    /// False where another coordinator leads.
    func heard(_ standing: ModelStanding) -> Bool {
        guard leads else { return false }
        guard known[standing.name] != nil || known.count < Self.nodesMost else { return true }
        known[standing.name] = Heard(standing: standing, at: root.now)
        judge()
        return true
    }

    /// Whoever leads anew begins with nothing.
    private var leads: Bool {
        guard root.leads else { return false }
        if epoch != root.machine.epoch { (epoch, known, takenBack) = (root.machine.epoch, [:], nil) }
        let now = root.now
        known = known.filter { now - $0.value.at <= Self.silence }
        return true
    }

    // MARK: A canary

    private func judge() {
        guard let publication = bulletin.standing.publication, let canary = publication.canary,
            let package = canary.blob.package
        else { return }
        if let takenBack, takenBack.turn == publication.version, root.now < takenBack.at + Self.patience {
            return
        }
        let first = known.values.map(\.standing).filter { canary.nodes.contains($0.name) }
        guard let why = objection(to: first, package, publication) else { return }
        takenBack = (publication.version, root.now)
        context.log.error(
            "a canary of models is taken back",
            ["package": .integer(Int(package)), "cause": .string(why)])
        let key = "take back \(publication.version)"
        desk.take(
            ModelOrder(
                edit: .takeBack(package: package, why: why), condition: .version(publication.version),
                key: key,
                digest: BlobDigest(of: Array(key.utf8)), who: "coordinator \(context.settings.name)", note: ""
            ))
    }

    private func objection(
        to first: [ModelStanding], _ package: Int64, _ publication: Publication
    ) -> String? {
        for one in first where one.package == package {
            if let refused = one.refused { return "\(one.name) refuses it: \(refused)" }
        }
        // Only of those that serve what is meant for them: what they counted is of that.
        let serving = first.filter { $0.package == package && $0.isHeld }
        let others = known.values.map(\.standing).filter {
            !first.map(\.name).contains($0.name) && $0.package == publication.blob.package && $0.isHeld
        }
        for goal in PredictedGoal.allCases {
            guard let counted = Self.sum(goal, serving) else { continue }
            if let why = CanaryJudge.objection(to: counted, beside: Self.sum(goal, others)) { return why }
        }
        return nil
    }

    private static func sum(_ goal: PredictedGoal, _ nodes: [ModelStanding]) -> GoalTally? {
        let all = nodes.flatMap(\.goals).filter { $0.goal == goal && $0.candidates > 0 }
        return all.isEmpty ? nil : all.dropFirst().reduce(all[0], +)
    }

    /// Which nodes go first where nobody names them: one of each region, or a share of each, at least one.
    func choose(share: Double?) -> [String]? {
        guard leads else { return nil }
        let regions = Dictionary(grouping: known.values.map(\.standing), by: \.region)
        return regions.values.flatMap { nodes -> ArraySlice<String> in
            let count = share.map { Int((Double(nodes.count) * $0).rounded()) } ?? 1
            return nodes.map(\.name).sorted().prefix(max(count, 1))
        }.sorted()
    }

    // MARK: For who looks

    func nodes(_ response: inout Response) {
        guard leads else { return response.notLeader(root) }
        let now = root.now
        let all = known.values.sorted { $0.standing.name < $1.standing.name }
        response.json([
            "published": bulletin.tree,
            "nodes": .array(
                all.map { one in
                    guard case .object(let members) = one.standing.tree.content else { return .null }
                    let ours: [JSONTree.Member] = [
                        .init("name", .string(one.standing.name)),
                        .init("ageSeconds", .number((now - one.at).wholeMilliseconds / 1_000)),
                    ]
                    let left = ["version", "node"]
                    return .object(ours + members.filter { !left.contains($0.key) })
                }),
        ])
    }
}
