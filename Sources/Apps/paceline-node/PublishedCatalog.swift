// The published catalog on its way into this node: it is followed at the issuers, and what comes whole waits here for the loading
// thread.
import Catalog
import CatalogWire
import Commands
import JSON
import LedgerWire
import Settings
import Store
import Synchronization
import Telemetry
import Units

/// Shared by all threads.
final class PublishedCatalog: PublicationTaker {
    /// What the last good one is said to be made of. No path is called so.
    static let source = "published"

    /// One that lies whole in the store's draft.
    struct Arrival: Sendable {
        let publication: Publication
        let done: @Sendable (PublicationFollower.Verdict) -> Void
    }

    let follower: PublicationFollower
    private let told = Mutex<(wake: @Sendable () -> Void, judge: @Sendable () -> Void)?>(nil)
    private let store: SnapshotStore
    private let arrival = Mutex<Arrival?>(nil)
    private let memory: String

    /// The settings hold an issuer.
    init(_ settings: NodeSettings, _ store: SnapshotStore, _ log: Log) throws(Failure) {
        guard let issuer = settings.ledger.issuer, let published = settings.catalog?.published else {
            throw Failure("catalog.published: there is no ledger.issuer to ask for it")
        }
        self.store = store
        memory = "\(store.directory)/published"
        follower = PublicationFollower(
            try IssuerPeers(IssuerSettings(issuer), at: "ledger.issuer"),
            .init(
                draft: store.draft, memory: memory, timeout: issuer.timeout, blobBytes: published.blobBytes,
                format: CatalogSnapshot.format), log)
    }

    /// - Parameters:
    ///   - isMissing: the last good one does not serve, as where its file was damaged: then it is fetched again.
    ///   - wake: called when something has come.
    ///   - judge: called when what is known has changed.
    func start(
        isMissing: Bool, wake: @escaping @Sendable () -> Void, judge: @escaping @Sendable () -> Void
    ) throws(Failure) {
        told.withLock { $0 = (wake, judge) }
        // Of another snapshot than the one that serves nothing is known.
        let memory = PublicationMemory(at: memory).flatMap { memory in
            !isMissing && store.current == SnapshotStore.Current(name: memory.name, source: Self.source)
                ? memory : nil
        }
        try follower.start(from: memory, for: self)
    }

    /// What has come and was not looked at yet, once.
    func takeArrival() -> Arrival? {
        arrival.withLock { arrival in
            defer { arrival = nil }
            return arrival
        }
    }

    // MARK: On the follower's thread

    /// Snapshots lie here under what they hold, which nobody knows before they have come.
    func find(_ publication: Publication) -> PublicationFollower.Verdict? { nil }

    func keep(
        _ publication: Publication, _ done: @escaping @Sendable (PublicationFollower.Verdict) -> Void
    ) {
        arrival.withLock { $0 = Arrival(publication: publication, done: done) }
        told.withLock { $0 }?.wake()
    }

    func changed() { told.withLock { $0 }?.judge() }

    // MARK: What operators are told

    func health(isMissing: Bool) -> PartHealth {
        let state = follower.state
        if isMissing {
            let why =
                state.refused.map { "version \($0.version) is refused: \($0.why)" } ?? state.missing
                ?? state.problem
            return .notReady(
                "there is no catalog on this disk, and none that is published has come: "
                    + (why ?? "no issuer has answered yet"))
        }
        if let refused = state.refused {
            return .notice(
                "the published catalog, version \(refused.version), is refused, the last good one serves: \(refused.why)"
            )
        }
        if let missing = state.missing {
            return .notice(
                "the published catalog could not be fetched yet, the last good one serves: \(missing)")
        }
        if state.isFresh { return .ready }
        let why = state.problem.map { ": \($0)" } ?? ""
        guard let publication = state.publication else {
            return .notice("the catalog of an earlier start serves; which one is published nobody says\(why)")
        }
        return .notice(
            "the catalog that serves, version \(publication.version), was the published one \(state.ageText) ago; "
                + "nobody has said so since\(why)")
    }

    @_lifetime(json: copy json)
    func describe(_ json: inout JSONWriter) {
        let state = follower.state
        json.beginObject()
        if let publication = state.publication {
            json.field("version", Int(publication.version))
            json.field("sha256", publication.digest.description)
        }
        json.field("here", state.isHeld)
        if let age = state.age { json.field("ageSeconds", Int(age.wholeMilliseconds / 1_000)) }
        if let problem = state.missing ?? state.problem {
            json.field("problem", String(problem.prefix(Failure.describedBytes)))
        }
        json.endObject()
    }
}
