// Accounts of the catalog's campaigns: read on a thread of its own, ordered by whoever leads.
import Catalog
import CatalogWire
import Commands
import Decision
import Documents
import HTTP
import Kernel
import Ledger
import LedgerStore
import LedgerWire
import Postgres
import Reactor
import Serving
import Settings
import Telemetry
import Units

/// Used on the root's thread only. Reading → ordering, while this process leads → done, until the catalog changes, a day
/// comes or another leads.
final class CatalogFunding {
    private let context: CoordinatorContext
    /// Nil where there is no directory, so that only what is published counts.
    private let settings: CoordinatorSettings.Catalog?
    private let root: Root
    private let pool: PostgresPool
    private var campaigns: [CampaignFunding]?
    /// Of the published version that they are of; from then on the directory's do not count.
    private var published: Int64?
    /// Why the files as they are now are not taken; the last good ones stand.
    private var refused: String?
    /// Of the epoch in which it was loaded.
    private var accounts: (epoch: Epoch, machine: CatalogAccounts)?
    private var isAsking = false
    private var ordered = 0

    /// Days are opened long before they begin, so this is for whoever changes a budget and looks.
    private static let turn = Interval.milliseconds(200)

    init(
        _ context: CoordinatorContext, _ root: Root, _ pool: PostgresPool
    ) {
        self.context = context
        settings = context.settings.catalog
        self.root = root
        self.pool = pool
    }

    func start() throws(Failure) {
        tick()
        guard let settings else { return }
        let remote = pool.reactor.remote
        let held = Held(self)
        do {
            try Thread(name: "catalog") {
                CatalogWatch(settings).run { found in
                    _ = remote.post { _ in held.funding?.read(found) }
                }
            }.detach()
        } catch {
            throw Failure("the catalog's thread could not start: \(error)")
        }
    }

    /// What is published goes before any directory. A large catalog takes a while to read, and so a thread of its own.
    func heard(_ publication: Publication, _ bytes: SharedBytes) {
        published = publication.version
        let (remote, held, version) = (pool.reactor.remote, Held(self), publication.version)
        do {
            try Thread(name: "campaigns") {
                let found = Self.campaigns(Array(bytes.bytes), version)
                _ = remote.post { _ in held.funding?.read(found, of: version) }
            }.detach()
        } catch {
            took(.failure(Failure("version \(version): no thread to read it: \(error)")))
        }
    }

    private static func campaigns(_ bytes: [UInt8], _ number: Int64) -> Result<[CampaignFunding], Failure> {
        do throws(SnapshotError) {
            return .success(CampaignFunding.all(of: try CatalogSnapshot(copying: bytes)))
        } catch {
            return .failure(Failure("version \(number): \(error)"))
        }
    }

    /// Taken from the root's thread to the root's thread, through the one that reads.
    private final class Held: @unchecked Sendable {
        weak var funding: CatalogFunding?
        init(_ funding: CatalogFunding) { self.funding = funding }
    }

    /// - Parameter version: the published one that it was read of; nil for the directory.
    private func read(_ found: Result<[CampaignFunding], Failure>, of version: Int64? = nil) {
        if published == version { took(found) }
    }

    private func took(_ found: Result<[CampaignFunding], Failure>) {
        switch found {
        case .success(let campaigns):
            refused = nil
            self.campaigns = campaigns
            accounts?.machine.changed(campaigns)
            context.log.info("the catalog's campaigns are known", ["campaigns": .integer(campaigns.count)])
        case .failure(let failure):
            refused = failure.message
            context.log.error(
                "the catalog is refused; the accounts stay as they are", ["cause": .string(failure.message)])
        }
    }

    private func tick() {
        if pool.reactor.timer(at: pool.reactor.now + Self.turn, { [weak self] in self?.tick() }) == nil {
            context.log.critical("the reactor has no timer left for the catalog's accounts")
        }
        guard let campaigns, !isAsking, root.leads else { return }
        guard let (epoch, machine) = accounts, epoch == root.machine.epoch else { return load(campaigns) }
        let orders = machine.orders(at: Kernel.wallNow(), root.machine.standing)
        guard !orders.isEmpty else { return }
        isAsking = root.ask(orders.map(RootCommand.order)) { [weak self] outcome in
            self?.answered(orders, outcome)
        }
    }

    private func load(_ campaigns: [CampaignFunding]) {
        isAsking = true
        let epoch = root.machine.epoch
        pool.run(
            LedgerQueries.lastOrders, .text("\(CatalogAccounts.author) %"), within: .seconds(20)
        ) { [weak self] outcome in
            guard let self else { return }
            isAsking = false
            guard case .done(let found) = outcome else { return }
            var said: [AccountName: String] = [:]
            do {
                for row in 0..<found[0].count {
                    let who: String = try found[0][row].read(0)
                    if let name = CatalogAccounts.account(who) { said[name] = try found[0][row].read(1) }
                }
            } catch {
                context.log.error("what the catalog said could not be read", ["cause": .error(error)])
                return
            }
            var machine = CatalogAccounts(said: said)
            machine.changed(self.campaigns ?? campaigns)
            accounts = (epoch, machine)
        }
    }

    private func answered(_ orders: [AccountOrder], _ outcome: IssuerOutcome) {
        isAsking = false
        guard case .answered(let answers) = outcome else { return }
        for (order, answer) in zip(orders, answers) {
            accounts?.machine.answered(order, answer)
            switch answer {
            case .ordered: ordered += 1
            case .refusedOrder(.otherVersion), .refusedOrder(.audited): break
            case .refusedOrder(let reason):
                context.log.error(
                    "an account is not as the catalog has it",
                    [
                        "campaign": .string(order.name.campaign),
                        "day": .string(order.name.day?.date ?? "lifetime"), "cause": .string("\(reason)"),
                    ])
            default: break
            }
        }
    }

    /// For operators.
    var tree: JSONTree {
        [
            "path": settings.map { .string($0.path) } ?? .null,
            "published": published.map { .number($0) } ?? .null,
            "campaigns": campaigns.map { .number($0.count) } ?? .null,
            "problem": refused.map { .string($0) } ?? .null, "accountsOrdered": .number(ordered),
            "accountsRefused": .number(accounts?.machine.refused.count ?? 0),
        ]
    }
}

/// Looks at the files and tells when there is something else in them. It runs on a thread of its own, as a large catalog
/// takes seconds to compile.
private struct CatalogWatch {
    let settings: CoordinatorSettings.Catalog

    init(_ settings: CoordinatorSettings.Catalog) { self.settings = settings }

    func run(_ tell: (Result<[CampaignFunding], Failure>) -> Void) -> Never {
        var seen: CatalogStamp?
        var said: String?
        while true {
            do throws(Failure) {
                let stamp = try CatalogStamp(settings.path)
                if stamp != seen {
                    // Not looked at again before the files change: it would say the same.
                    seen = stamp
                    tell(.success(try Self.campaigns(settings.path)))
                    said = nil
                }
            } catch {
                if error.message != said { tell(.failure(error)) }
                said = error.message
            }
            // In pieces: the kernel sleeps for an hour at most.
            for _ in 0..<settings.reload.wholeMilliseconds / 1_000 { Kernel.sleep(for: .seconds(1)) }
        }
    }

    private static func campaigns(_ path: String) throws(Failure) -> [CampaignFunding] {
        let compiled = try CompiledCatalog(path)
        let snapshot: CatalogSnapshot
        do { snapshot = try CatalogSnapshot(copying: compiled.bytes) } catch {
            throw Failure("\(path): \(error)")
        }
        return CampaignFunding.all(of: snapshot)
    }
}

extension CampaignFunding {
    /// Of all campaigns of a catalog.
    static func all(of snapshot: CatalogSnapshot) -> [CampaignFunding] {
        // The highest price is what the smallest grant is: the nodes' own settings make little of it other.
        zip(DecisionSettings().campaignTerms(snapshot), snapshot.campaignFlights).map {
            CampaignFunding($0, from: $1.start, to: $1.end)
        }
    }
}
