// What is published of one kind on its way to a region's nodes: followed at the coordinators, kept on disk under its SHA-256, held in memory
// as long as it is published. What it tells nodes of they can have from it at once.
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
final class PublicationRelay: PublicationTaker, PublicationSource {
    /// What nodes are told, with all its blobs.
    private struct Offer {
        var publication: Publication
        /// When it was known last that this is what is published.
        var asOf: Instant
    }

    private struct Held {
        var offer: Offer?
        /// Of what is offered, and of what is on its way to be.
        var blobs: [BlobDigest: SharedBytes] = [:]
    }

    let kind: PublicationKind
    let follower: PublicationFollower
    private let settings: BrokerSettings.Catalog
    private let store: SnapshotStore
    private let memory: String
    private let health: Health
    private let log: Log
    private let held = Mutex(Held())
    /// Called when there is something else to tell.
    private let wake = Mutex<@Sendable () -> Void>({})

    init(
        _ kind: PublicationKind, _ broker: BrokerSettings, _ catalog: BrokerSettings.Catalog,
        _ health: Health, _ log: Log
    ) throws(Failure) {
        settings = catalog
        (self.kind, self.health, self.log) = (kind, health, log)
        do {
            let folder = kind == .catalog ? catalog.directory : "\(catalog.directory)/\(kind)"
            store = try SnapshotStore(folder)
        } catch {
            throw Failure("catalog.directory: \(error)")
        }
        memory = "\(store.directory)/published"
        follower = PublicationFollower(
            try IssuerPeers(IssuerSettings(broker.root), at: "root"),
            .init(
                kind, for: nil, draft: store.draft, memory: memory, timeout: broker.root.timeout,
                blobBytes: catalog.blobBytes, format: nil), log)
    }

    // MARK: What nodes are told

    var standing: PublicationStanding {
        if let offer = held.withLock({ $0.offer }) { return .published(offer.publication, asOf: offer.asOf) }
        if follower.state.isNothing { return .nothing }
        return .unknown("no coordinator has told this broker yet which \(kind.noun) is published")
    }

    func blob(_ digest: BlobDigest) -> SharedBytes? { held.withLock { $0.blobs[digest] } }

    /// Begins with what was published last, if it is here.
    func start(wake: @escaping @Sendable () -> Void) throws(Failure) {
        self.wake.withLock { $0 = wake }
        let known = PublicationMemory(at: memory).flatMap { memory in
            memory.publication.blobs.allSatisfy { take($0) } ? memory : nil
        }
        if let known {
            let age = max(Kernel.wallNow() - known.asOf, .zero)
            offer(known.publication, asOf: Kernel.monotonicNow() - age)
        }
        try follower.start(from: known, for: self)
    }

    // MARK: On the follower's thread

    func find(_ publication: Publication) -> PublicationFollower.Verdict? {
        take(publication.blob) ? noted(publication) : nil
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
        guard take(publication.blob) else {
            return done(.notKept("\(store.path(of: name)): is not what was written"))
        }
        done(noted(publication))
    }

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
        if state.isHeld, let publication = state.publication, let asOf = state.asOf {
            offer(publication, asOf: asOf)
        }
        judge(state)
        let wake = wake.withLock { $0 }
        wake()
    }

    /// All blobs are here; those of no use any more go.
    private func offer(_ publication: Publication, asOf: Instant) {
        held.withLock { held in
            let former = held.offer?.publication
            held.offer = Offer(publication: publication, asOf: asOf)
            // Who heard of the one before may not have fetched it yet.
            guard former != publication else { return }
            let wanted = Set((publication.blobs + (former?.blobs ?? [])).map(\.digest))
            held.blobs = held.blobs.filter { wanted.contains($0.key) }
        }
    }

    /// Reads a blob that is on the disk, and offers it if it is what its name says; a damaged one goes, to be fetched again.
    private func take(_ wanted: PublishedBlob) -> Bool {
        let path = store.path(of: wanted.digest.description)
        guard let bytes = try? Kernel.contents(of: path, limit: settings.blobBytes) else { return false }
        guard BlobDigest(of: bytes) == wanted.digest else {
            log.error("a blob on the disk was damaged, and is fetched again", ["path": .string(path)])
            _ = Kernel.remove(path)
            return false
        }
        let blob = SharedBytes(bytes)
        held.withLock { $0.blobs[wanted.digest] = blob }
        return true
    }

    /// Money does not depend on it: a broker without anything published is ready.
    private func judge(_ state: FollowerView) {
        // Where there are no models anywhere, that is nothing to look at.
        if kind == .models, state.isNothing { return health.set(kind.rawValue, .ready) }
        let why =
            state.refused.map { "version \($0.version) is refused: \($0.why)" } ?? state.missing
            ?? state.problem
        let text = why.map { ": \($0)" } ?? ""
        guard let offer = held.withLock({ $0.offer }) else {
            return health.set(kind.rawValue, .notice("no published \(kind.noun) is here for nodes\(text)"))
        }
        if state.isFresh, offer.publication == state.publication {
            return health.set(kind.rawValue, .ready)
        }
        health.set(
            kind.rawValue,
            .notice(
                "nodes are told of the \(kind.noun) of version \(offer.publication.version), and nobody says that it is "
                    + "still the published one\(text)"))
    }
}
