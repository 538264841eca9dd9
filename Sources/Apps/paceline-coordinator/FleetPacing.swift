// The pacing of all nodes that hold money of this root: what they say goes to the fleet's pacer with what the book has of their
// campaigns' money. Nothing of it is kept beyond a leadership: nodes say it again, and go on by what they were told.
import Documents
import Kernel
import Ledger
import Pacing
import Serving
import Settings
import Units

/// Used on the root's thread only.
final class FleetPacing {
    private unowned let root: Root
    private let limits: FleetPacer.Limits
    private var pacer: FleetPacer
    private var speakers: PaceSpeakers
    private var epoch: Epoch
    /// Where each node says it is, and the regions that take no traffic.
    private var regions: [String: String] = [:]
    private var out: Set<String> = []
    /// Of nodes that hold money of this root themselves, the session of each; and when it was last looked for fences.
    private var sessions: [String: UInt64] = [:]
    private var lookedAt = Instant(nanoseconds: .min)
    /// Plans are by the wall clock as this process found it.
    private let offset = Kernel.wallNow() - Kernel.boottimeNow()

    /// Nodes speak every five seconds; with leases that are shorter than some of these, they are heard of late all the same.
    private static let silenceLeast = Interval.seconds(30)
    /// As many as holders can have nodes: 64 each.
    private static let regionsMost = 4_096

    init(_ context: CoordinatorContext, _ root: Root) {
        self.root = root
        limits = FleetPacer.Limits(silence: max(context.settings.leases.lease, Self.silenceLeast))
        speakers = PaceSpeakers(silence: limits.silence)
        epoch = root.machine.epoch
        pacer = FleetPacer(limits, epoch: epoch.rawValue, at: Kernel.boottimeNow() + offset)
    }

    private var now: Instant { Kernel.boottimeNow() + offset }

    /// What this node is to do; nil where another coordinator leads. Whose account is not there has no money either, and
    /// nothing is said of it; nor to whom a broker speaks for beyond as many as it may have.
    func heard(_ all: PaceWire.Statements) -> [PaceOrder]? {
        guard let book = leading() else { return nil }
        let now = now
        let name =
            all.node.map { speakers.name(of: $0, start: all.start, by: all.holder, at: now) } ?? all.holder
        guard let name else { return [] }
        if all.node == nil { sessions[name] = all.start }
        loseFenced(book, now)
        if let region = all.region, regions[name] != nil || regions.count < Self.regionsMost {
            regions[name] = region
            pacer.takesTraffic(!out.contains(region), name)
        }
        pacer.expects(all.supply, from: name)
        let funded = all.statements.compactMap { day, statement in
            let day = day.flatMap { BudgetDay(date: $0) }
            return budget(of: statement.terms.id, day, in: book).map { (statement: statement, budget: $0) }
        }
        return pacer.heard(funded, from: name, start: all.start, at: now)
    }

    /// Regions that no traffic goes to: nothing is planned for their nodes.
    func leaveOut(_ out: Set<String>) {
        guard out != self.out else { return }
        self.out = out
        guard leading() != nil else { return }
        for (node, region) in regions { pacer.takesTraffic(!out.contains(region), node) }
    }

    /// Whose session is fenced spends nothing any more, and others spend its part: nobody waits for its silence.
    private func loseFenced(_ book: GrantBook, _ now: Instant) {
        guard now >= lookedAt + .seconds(1) || now < lookedAt else { return }
        lookedAt = now
        let fenced = Set(book.children.lazy.filter(\.isFenced).map(\.session.rawValue))
        for (name, session) in sessions where fenced.contains(session) {
            pacer.fenced(name)
            sessions[name] = nil
        }
    }

    /// The book of a leader; whoever leads anew begins with nothing.
    private func leading() -> GrantBook? {
        guard root.leads, let book = root.machine.book else { return nil }
        if root.machine.epoch != epoch {
            epoch = root.machine.epoch
            pacer = FleetPacer(limits, epoch: epoch.rawValue, at: now)
            speakers = PaceSpeakers(silence: limits.silence)
            sessions = [:]
            regions = [:]
        }
        return book
    }

    private func budget(of campaign: String, _ day: BudgetDay?, in book: GrantBook) -> PaceBudget? {
        let name = AccountName(campaign: campaign, day: day)
        guard let account = root.machine.account(name) else { return nil }
        let window = book.accounts[account.row]
        guard let parent = window.parent else {
            return PaceBudget(lifetime: window.budget, left: Self.left(window))
        }
        let lifetime = book.accounts[parent.row]
        return PaceBudget(
            lifetime: lifetime.budget, today: window.budget,
            left: lifetime.isOpen ? Self.left(lifetime) : .zero, leftToday: Self.left(window))
    }

    /// What is granted is not spent yet.
    private static func left(_ account: GrantBook.Account) -> Micros {
        guard account.isOpen else { return .zero }
        return max(account.budget - account.settled - account.suspense - account.presumed, .zero)
    }

    // MARK: Looking

    /// Where each node says it is that has spoken in this leadership.
    var places: [String: String] { leading() == nil ? [:] : regions }

    /// Nil where another coordinator leads.
    func standings() -> JSONTree? {
        guard leading() != nil else { return nil }
        return ["campaigns": .array(pacer.standings(at: now).map(tree))]
    }

    private func tree(_ one: FleetPacer.Standing) -> JSONTree {
        func real(_ value: Double) -> JSONTree { JSONTree(.number("\(value)")) }
        func amount(_ amount: Micros) -> JSONTree { JSONTree(.number(amount.description)) }
        return [
            "campaign": .string(one.campaign), "plan": .number(one.plan),
            "endsInSeconds": .number(one.endsIn.wholeMilliseconds / 1_000), "planned": amount(one.planned),
            "due": amount(one.due), "spent": amount(one.spent), "price": real(one.price),
            "cannotDeliver": .bool(one.cannotDeliver || one.verdict?.isDeliverable == false),
            "why": .string(one.why), "isPlannedTogether": .bool(one.isPlannedTogether),
            "nodes": .array(
                one.nodes.map { node in
                    [
                        "node": .string(node.node),
                        "region": regions[node.node].map { .string($0) } ?? .null, "scale": real(node.scale),
                        "spent": amount(node.spent),
                        "competesFor": real(node.admitted),
                        "silentSeconds": .number(node.silent.wholeMilliseconds / 1_000),
                        "isLost": .bool(node.isLost),
                    ]
                }),
        ]
    }
}
