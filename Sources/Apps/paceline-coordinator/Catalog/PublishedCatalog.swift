// The catalog that is published, as this coordinator knows it from the database: its bytes for whoever fetches them, and who waits
// for the next one. Whether this process leads does not matter here.
import Catalog
import Commands
import Decision
import Digests
import Documents
import HTTP
import Kernel
import Ledger
import LedgerWire
import Postgres
import Reactor
import Serving
import Settings
import Telemetry
import Units

/// One published catalog, with its bytes.
struct PublishedVersion: Sendable {
    let number: Int64
    let sha256: [UInt8]
    let format: Int64
    let content: SharedBytes

    var tree: JSONTree {
        [
            "version": .number(number), "sha256": .string(hexadecimal(sha256)),
            "bytes": .number(content.bytes.count), "format": .number(format),
        ]
    }
}

/// Used on the root's thread only.
final class PublishedCatalog {
    private struct Waiter {
        var place: AnswerPlace
        var deadline: Instant
    }

    enum Standing {
        /// The database did not say yet.
        case unknown
        case nothing
        case version(PublishedVersion)
    }

    private let context: CoordinatorContext
    private let root: Root
    private let pool: PostgresPool
    private let listener: PostgresListener
    private(set) var standing = Standing.unknown
    /// The one before, for who heard of it and has not fetched it yet. There is never a third in memory.
    private var former: PublishedVersion?
    /// One a connection at most, of which the server has a bounded number.
    private var waiting: [Waiter] = []
    /// When the database was asked that has said so last; before the first word there is none.
    private var knownAt = Instant(nanoseconds: .min)
    private var askedAt = Instant(nanoseconds: .min)
    private var isAsking = false
    private var mustLookAgain = false
    private var nextLook = Instant(nanoseconds: .min)
    private var isEnding = false
    weak var server: Server?
    /// Each new version, with what it says of its campaigns' money; nil where this program cannot read it.
    var onVersion: (PublishedVersion, Result<[CampaignFunding], Failure>) -> Void = { _, _ in }
    /// Another coordinator may have changed who has a token.
    var onTokens: () -> Void = {}

    static let channel = "paceline_catalog"
    /// How exact the end of a wait is.
    private static let turn = Interval.milliseconds(200)
    /// NOTIFY tells at once; this is for what was said while nobody listened.
    private static let look = Interval.seconds(1)

    init(_ context: CoordinatorContext, _ root: Root, _ pool: PostgresPool) throws(Failure) {
        self.context = context
        self.root = root
        self.pool = pool
        var seeds = SystemRandomNumberGenerator()
        listener = PostgresListener(
            try context.databaseOptions(), [Self.channel, Tokens.channel], on: pool.reactor,
            seed: seeds.next())
    }

    func start() {
        listener.onListening = { [weak self] in self?.lookSoon() }
        listener.onNotification = { [weak self] in
            if $0.channel == Self.channel { self?.lookSoon() } else { self?.onTokens() }
        }
        listener.start()
        tick()
    }

    /// Lets go of all who wait: their coordinator leaves.
    func end() {
        isEnding = true
        listener.end()
        let all = waiting
        waiting = []
        for one in all { server?.answer(one.place) { notModified(&$0) } }
    }

    // MARK: Waiting

    /// How stale what is told may be: nothing new comes from a database that is away.
    private func tellAge(_ response: inout Response) {
        let seconds = max(pool.reactor.now - knownAt, .zero).wholeMilliseconds / 1_000
        response.header("age", Array("\(seconds)".utf8).span.bytes)
    }

    private func notModified(_ response: inout Response) {
        tellAge(&response)
        response.status = .notModified
    }

    private func tell(_ version: PublishedVersion, _ response: inout Response) {
        tellAge(&response)
        response.json(version.tree)
    }

    /// Answers with the published version: at once where it is another than `have`, which is 0 for none, or else as soon as it is another or the
    /// time is over.
    func tell(_ have: Int64, within wait: Interval, _ place: AnswerPlace, _ response: inout Response) {
        switch standing {
        case .unknown: response.databaseUnread()
        case .nothing: response.problem(.notFound, "no catalog has been published")
        case .version(let version) where version.number != have: tell(version, &response)
        case .version where wait == .zero || isEnding: notModified(&response)
        case .version:
            response.isHeld = true
            waiting.append(Waiter(place: place, deadline: pool.reactor.now + wait))
        }
    }

    /// Of the version that is published and the one before; nil for all else.
    func content(_ sha256: [UInt8]) -> SharedBytes? {
        if case .version(let version) = standing, version.sha256 == sha256 { return version.content }
        return former?.sha256 == sha256 ? former?.content : nil
    }

    private func tick() {
        if pool.reactor.timer(at: pool.reactor.now + Self.turn, { [weak self] in self?.tick() }) == nil {
            context.log.critical("the reactor has no timer left for the published catalog")
        }
        let now = pool.reactor.now
        let late = waiting.filter { $0.deadline <= now }
        waiting.removeAll { $0.deadline <= now }
        for one in late { server?.answer(one.place) { notModified(&$0) } }
        if now >= nextLook { lookSoon() }
    }

    // MARK: Looking

    /// What is published now, from the database.
    func lookSoon() {
        guard root.isMigrated, !isEnding else { return }
        guard !isAsking else {
            mustLookAgain = true
            return
        }
        isAsking = true
        mustLookAgain = false
        askedAt = pool.reactor.now
        nextLook = askedAt + Self.look
        pool.run(CatalogStatements.published, within: context.settings.database.timeout) { [weak self] in
            self?.saw($0)
        }
    }

    private func saw(_ outcome: PostgresOutcome) {
        // No answer changes nothing: what is known stays served.
        guard case .done(let found) = outcome else { return done() }
        do {
            guard found[0].count == 1 else {
                standing = .nothing
                return done()
            }
            let (number, sha256): (Int64, [UInt8]) = (try found[0][0].read(0), try found[0][0].read(1))
            if case .version(let version) = standing {
                if version.number == number {
                    knownAt = askedAt
                    return done()
                }
                if version.sha256 == sha256 {
                    take(
                        PublishedVersion(
                            number: number, sha256: sha256, format: version.format, content: version.content))
                    return done()
                }
            }
            fetch(number, sha256, format: try found[0][0].read(2))
        } catch {
            context.log.error("what is published could not be read", ["cause": .error(error)])
            done()
        }
    }

    private func fetch(_ number: Int64, _ sha256: [UInt8], format: Int64) {
        pool.run(CatalogStatements.blob, .bytea(sha256), within: .seconds(20)) { [weak self] outcome in
            guard let self else { return }
            guard case .done(let found) = outcome, found[0].count == 1 else { return done() }
            let (remote, rows, held) = (pool.reactor.remote, found[0], Held(self))
            do {
                try Thread(name: "published") {
                    let read = Self.read(rows, number, sha256, format)
                    _ = remote.post { _ in held.catalog?.came(read) }
                }.detach()
            } catch {
                context.log.error("a published catalog could not be read", ["cause": .error(error)])
                done()
            }
        }
    }

    /// Taken from the root's thread to the root's thread, through the one that reads.
    private final class Held: @unchecked Sendable {
        weak var catalog: PublishedCatalog?
        init(_ catalog: PublishedCatalog) { self.catalog = catalog }
    }

    private typealias Reading = Result<(PublishedVersion, Result<[CampaignFunding], Failure>), Failure>

    private static func read(
        _ rows: PostgresRows, _ number: Int64, _ sha256: [UInt8], _ format: Int64
    ) -> Reading {
        let bytes: [UInt8]
        do { bytes = try rows[0].read(0) } catch { return .failure(Failure("\(error)")) }
        guard digest(of: bytes) == sha256 else {
            return .failure(Failure("the database's bytes of version \(number) are not what was published"))
        }
        let version = PublishedVersion(
            number: number, sha256: sha256, format: format, content: SharedBytes(bytes))
        return .success((version, campaigns(bytes, number)))
    }

    private static func campaigns(_ bytes: [UInt8], _ number: Int64) -> Result<[CampaignFunding], Failure> {
        do throws(SnapshotError) {
            return .success(CampaignFunding.all(of: try CatalogSnapshot(copying: bytes)))
        } catch {
            return .failure(Failure("version \(number): \(error)"))
        }
    }

    private func came(_ read: Reading) {
        switch read {
        case .success((let version, let campaigns)):
            take(version)
            onVersion(version, campaigns)
        case .failure(let failure):
            context.log.critical(
                "a published catalog is damaged; the one before stays", ["cause": .string(failure.message)])
        }
        done()
    }

    private func take(_ version: PublishedVersion) {
        if case .version(let last) = standing, last.sha256 != version.sha256 { former = last }
        standing = .version(version)
        knownAt = askedAt
        context.log.notice(
            "another catalog is published",
            ["version": .integer(Int(version.number)), "bytes": .integer(version.content.bytes.count)])
        let all = waiting
        waiting = []
        for one in all { server?.answer(one.place) { tell(version, &$0) } }
    }

    private func done() {
        isAsking = false
        if mustLookAgain { lookSoon() }
    }

    /// For operators.
    var tree: JSONTree {
        if case .version(let version) = standing { return version.tree }
        return .null
    }
}

extension Response {
    /// Before the database has said anything nobody knows what it would say.
    mutating func databaseUnread() {
        header("retry-after", "1")
        problem(.serviceUnavailable, "the database has not answered yet")
    }
}

func digest(of bytes: [UInt8]) -> [UInt8] {
    let digest = SHA256.digest(of: bytes.span.bytes)
    return (0..<SHA256Digest.byteCount).map { digest[$0] }
}
