// What is published of one kind, as this coordinator knows it from the database, with its bytes for whoever fetches them. Whether this
// process leads does not matter here.
import CatalogWire
import Documents
import HTTP
import Kernel
import Postgres
import Reactor
import Serving
import Settings
import Telemetry
import Units

/// Used on the root's thread only. Looking → fetching, one blob after the other → telling; back to looking when the database says that there
/// is something else, and once a second.
final class Bulletin: PublicationSource {
    private let context: CoordinatorContext
    private let root: Root
    private let pool: PostgresPool
    private let kind: PublicationKind
    private(set) var standing = PublicationStanding.unknown("the database has not answered yet")
    /// Of what is published, and of what was before, for who heard of it and has not fetched it yet.
    private var blobs: [BlobDigest: SharedBytes] = [:]
    /// When the database was asked last.
    private var askedAt = Instant(nanoseconds: .min)
    private var isAsking = false
    private var mustLookAgain = false
    private var isEnding = false
    /// Each new publication, with its bytes.
    var onNews: (Publication, SharedBytes) -> Void = { _, _ in }
    /// Whoever waits is to be told.
    var tell: () -> Void = {}

    /// NOTIFY tells at once; this is for what was said while nobody listened.
    private static let look = Interval.seconds(1)
    /// Blobs of some hundred megabytes take seconds.
    private static let limit = Interval.seconds(20)
    private static let blob = PostgresStatement(
        "select bytes from paceline.blobs where sha256 = $1", .bytea)

    /// Where the database says that there is something else.
    static func channel(_ kind: PublicationKind) -> String { "paceline_\(kind)" }

    init(_ context: CoordinatorContext, _ root: Root, _ pool: PostgresPool, _ kind: PublicationKind) {
        (self.context, self.root, self.pool, self.kind) = (context, root, pool, kind)
    }

    func start() {
        if pool.reactor.timer(at: pool.reactor.now + Self.look, { [weak self] in self?.start() }) == nil {
            context.log.critical("the reactor has no timer left for what is published")
        }
        lookSoon()
    }

    func end() { isEnding = true }

    func blob(_ digest: BlobDigest) -> SharedBytes? { blobs[digest] }

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
        let statement =
            switch kind {
            case .catalog: CatalogStatements.published
            case .models: ModelStatements.published
            }
        pool.run(statement, within: context.settings.database.timeout) { [weak self] in
            self?.saw($0)
        }
    }

    private func saw(_ outcome: PostgresOutcome) {
        // No answer changes nothing: what is known stays served.
        guard case .done(let found) = outcome else { return done() }
        do {
            let publication =
                switch kind {
                case .catalog: try CatalogStatements.published(found[0])
                case .models: try ModelStatements.published(found[0])
                }
            if let publication {
                guard publication != standing.publication else {
                    standing = .published(publication, asOf: askedAt)
                    return done()
                }
                return fetch(publication)
            }
            standing = .nothing
        } catch {
            context.log.error("what is published could not be read", ["cause": .error(error)])
        }
        done()
    }

    /// Takes it when all of its blobs are here.
    private func fetch(_ publication: Publication) {
        guard let next = publication.blobs.first(where: { blobs[$0.digest] == nil }) else {
            take(publication)
            return done()
        }
        pool.run(Self.blob, .bytea(next.digest.bytes), within: Self.limit) { [weak self] outcome in
            guard let self else { return }
            guard case .done(let found) = outcome, found[0].count == 1 else { return done() }
            let (remote, rows, held) = (pool.reactor.remote, found[0], Held(self))
            do {
                try Thread(name: "published") {
                    let bytes = Self.bytes(rows, next.digest)
                    _ = remote.post { _ in held.bulletin?.came(bytes, next, of: publication) }
                }.detach()
            } catch {
                context.log.error("a published blob could not be read", ["cause": .error(error)])
                done()
            }
        }
    }

    /// Taken from the root's thread to the root's thread, through the one that reads.
    private final class Held: @unchecked Sendable {
        weak var bulletin: Bulletin?
        init(_ bulletin: Bulletin) { self.bulletin = bulletin }
    }

    /// Nil where they are not what was published.
    private static func bytes(_ rows: PostgresRows, _ digest: BlobDigest) -> SharedBytes? {
        guard let bytes: [UInt8] = try? rows[0].read(0), BlobDigest(of: bytes) == digest else { return nil }
        return SharedBytes(bytes)
    }

    private func came(_ bytes: SharedBytes?, _ blob: PublishedBlob, of publication: Publication) {
        guard let bytes else {
            context.log.critical(
                "what is published is damaged in the database; what was before stays",
                [
                    "kind": .string(kind.rawValue), "sha256": .string("\(blob.digest)"),
                ])
            return done()
        }
        blobs[blob.digest] = bytes
        fetch(publication)
    }

    private func take(_ publication: Publication) {
        let former = standing.publication
        standing = .published(publication, asOf: askedAt)
        let wanted = Set((publication.blobs + (former?.blobs ?? [])).map(\.digest))
        blobs = blobs.filter { wanted.contains($0.key) }
        context.log.notice(
            "something else is published",
            [
                "kind": .string(kind.rawValue), "version": .integer(Int(publication.version)),
                "bytes": .integer(publication.bytes),
            ])
        if let bytes = blobs[publication.digest] { onNews(publication, bytes) }
        tell()
    }

    private func done() {
        isAsking = false
        if mustLookAgain { lookSoon() }
    }

    /// For operators.
    var tree: JSONTree { standing.publication?.tree ?? .null }
}

extension Response {
    /// Before the database has said anything nobody knows what it would say.
    mutating func databaseUnread() {
        header("retry-after", "1")
        problem(.serviceUnavailable, "the database has not answered yet")
    }

    mutating func malformed(_ place: String, _ allowed: String) {
        problem(
            .badRequest, "the request is not one", Malformed(place: place, allowed: allowed).members)
    }
}
