// The published catalog on its way to a region's nodes: followed at the coordinators, kept on disk under its SHA-256, held in memory
// as long as it is the one. What it tells nodes of it can have from it at once.
import CatalogWire
import Commands
import HTTP
import Kernel
import LedgerWire
import Settings
import Store
import Synchronization
import Telemetry
import Units

/// Shared by all threads.
final class CatalogRelay: PublicationTaker {
    /// What nodes are told.
    struct Offer: Sendable {
        var publication: Publication
        let blob: SharedBytes
        /// When it was known last that this is what is published.
        var asOf: Instant

        /// As the header `age` has it.
        func ageSeconds(at now: Instant) -> Int64 { max((now - asOf).wholeMilliseconds / 1_000, 0) }
    }

    let follower: PublicationFollower
    private let settings: BrokerSettings.Catalog
    private let store: SnapshotStore
    private let memory: String
    private let health: Health
    private let log: Log
    private let offered = Mutex<Offer?>(nil)
    /// Called when there is something else to tell.
    private let wake = Mutex<@Sendable () -> Void>({})

    init(_ broker: BrokerSettings, _ catalog: BrokerSettings.Catalog, _ health: Health, _ log: Log)
        throws(Failure)
    {
        settings = catalog
        (self.health, self.log) = (health, log)
        do {
            store = try SnapshotStore(catalog.directory)
        } catch {
            throw Failure("catalog.directory: \(error)")
        }
        memory = "\(store.directory)/published"
        follower = PublicationFollower(
            try IssuerPeers(IssuerSettings(broker.root), at: "root"),
            .init(
                draft: store.draft, memory: memory, timeout: broker.root.timeout,
                blobBytes: catalog.blobBytes,
                format: nil), log)
    }

    /// What nodes are told now; nil where nothing is known and here.
    var offer: Offer? { offered.withLock { $0 } }

    /// Begins with what was published last, if it is here.
    func start(wake: @escaping @Sendable () -> Void) throws(Failure) {
        self.wake.withLock { $0 = wake }
        let known = PublicationMemory(at: memory).flatMap { memory in
            let age = max(Kernel.wallNow() - memory.asOf, .zero)
            return take(memory.publication, asOf: Kernel.monotonicNow() - age) ? memory : nil
        }
        try follower.start(from: known, for: self)
    }

    // MARK: On the follower's thread

    func find(_ publication: Publication) -> PublicationFollower.Verdict? {
        take(publication, asOf: heardAt) ? noted(publication) : nil
    }

    func keep(
        _ publication: Publication, _ done: @escaping @Sendable (PublicationFollower.Verdict) -> Void
    ) {
        let name = publication.digest.description
        do {
            try store.adoptDraft(as: name)
        } catch {
            return done(.notKept("catalog.directory: \(error)"))
        }
        guard take(publication, asOf: heardAt) else {
            return done(.notKept("\(store.path(of: name)): is not what was written"))
        }
        done(noted(publication))
    }

    private var heardAt: Instant { follower.state.asOf ?? Kernel.monotonicNow() }

    /// It stays on the disk from now on, and what is too much goes.
    private func noted(_ publication: Publication) -> PublicationFollower.Verdict {
        let name = publication.digest.description
        do {
            try store.serve(.init(name: name, source: "published"))
            _ = try store.prune(servedBefore: Instant(nanoseconds: .min), bytes: settings.retainBytes)
            return .taken(name: name)
        } catch {
            return .notKept("catalog.directory: \(error)")
        }
    }

    func changed() {
        let state = follower.state
        offered.withLock { offer in
            // The same blob may be published again under another number.
            if let publication = state.publication, let asOf = state.asOf,
                offer?.publication.digest == publication.digest
            {
                offer?.publication = publication
                offer?.asOf = asOf
            }
        }
        judge(state)
        let wake = wake.withLock { $0 }
        wake()
    }

    /// Reads a blob that is on the disk, and offers it if it is what its name says; a damaged one goes, to be fetched again.
    private func take(_ publication: Publication, asOf: Instant) -> Bool {
        let path = store.path(of: publication.digest.description)
        guard let bytes = try? Kernel.contents(of: path, limit: settings.blobBytes) else { return false }
        guard BlobDigest(of: bytes) == publication.digest else {
            log.error("a catalog on the disk was damaged, and is fetched again", ["path": .string(path)])
            _ = Kernel.remove(path)
            return false
        }
        let blob = SharedBytes(bytes)
        offered.withLock { $0 = Offer(publication: publication, blob: blob, asOf: asOf) }
        return true
    }

    /// Money does not depend on it: a broker without a catalog is ready.
    private func judge(_ state: FollowerView) {
        let why =
            state.refused.map { "version \($0.version) is refused: \($0.why)" } ?? state.missing
            ?? state.problem
        let text = why.map { ": \($0)" } ?? ""
        guard let offer else {
            return health.set("catalog", .notice("no published catalog is here for nodes\(text)"))
        }
        if state.isFresh, offer.publication == state.publication { return health.set("catalog", .ready) }
        health.set(
            "catalog",
            .notice(
                "nodes are told of the catalog of version \(offer.publication.version), and nobody says that it is "
                    + "still the published one\(text)"))
    }
}
