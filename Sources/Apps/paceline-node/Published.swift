// What is published of one kind on its way into this node: it is followed at the issuers, and what comes whole waits here for the loading
// thread.
import CatalogWire
import Commands
import JSON
import LedgerWire
import Settings
import Synchronization
import Telemetry
import Units

/// Shared by all threads.
final class Published: PublicationTaker {
    /// What the last good one is said to be made of. No path is called so.
    static let source = "published"

    /// One that lies whole in the draft.
    struct Arrival: Sendable {
        let publication: Publication
        let done: @Sendable (PublicationFollower.Verdict) -> Void
    }

    let follower: PublicationFollower
    let draft: String
    private let kind: PublicationKind
    private let told = Mutex<(wake: @Sendable () -> Void, judge: @Sendable () -> Void)?>(nil)
    private let arrival = Mutex<Arrival?>(nil)
    private let memory: String

    /// - Parameters:
    ///   - draft: where a blob is written while it comes.
    ///   - memory: where it is kept what was published last.
    init(
        _ kind: PublicationKind, _ settings: NodeSettings, draft: String, memory: String, blobBytes: Int,
        format: UInt32, _ log: Log
    ) throws(Failure) {
        guard let issuer = settings.ledger.issuer else {
            throw Failure("\(kind).published: there is no ledger.issuer to ask for it")
        }
        (self.kind, self.draft, self.memory) = (kind, draft, memory)
        follower = PublicationFollower(
            try IssuerPeers(IssuerSettings(issuer), at: "ledger.issuer"),
            .init(
                kind, for: issuer.holder, draft: draft, memory: memory, timeout: issuer.timeout,
                blobBytes: blobBytes, format: format), log)
    }

    /// - Parameters:
    ///   - name: of what serves: of something else than that nothing is known. Nil where nothing does, as where its file was
    ///     damaged: then it is fetched again.
    ///   - wake: called when something has come.
    ///   - judge: called when what is known has changed.
    func start(
        serving name: String?, wake: @escaping @Sendable () -> Void, judge: @escaping @Sendable () -> Void
    ) throws(Failure) {
        told.withLock { $0 = (wake, judge) }
        let memory = PublicationMemory(at: memory).flatMap { $0.name == name ? $0 : nil }
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

    /// They lie here under what they hold, which nobody knows before they have come.
    func find(_ publication: Publication) -> PublicationFollower.Verdict? { nil }

    func keep(
        _ publication: Publication, _ done: @escaping @Sendable (PublicationFollower.Verdict) -> Void
    ) {
        arrival.withLock { $0 = Arrival(publication: publication, done: done) }
        told.withLock { $0 }?.wake()
    }

    func changed() { told.withLock { $0 }?.judge() }

    // MARK: What operators are told

    /// - Parameter isMissing: whether nothing of the kind serves.
    func health(isMissing: Bool) -> PartHealth {
        let state = follower.state
        let noun = kind.noun
        if isMissing {
            let why =
                state.refused.map { "version \($0.version) is refused: \($0.why)" } ?? state.missing
                ?? state.problem
            let text =
                "there is no \(noun) on this disk, and none that is published has come: "
                + (why ?? "no issuer has answered yet")
            // Without models priors predict; without a catalog there is nothing to sell.
            return kind == .catalog ? .notReady(text) : .notice(text)
        }
        if let refused = state.refused {
            return .notice(
                "the published \(noun), version \(refused.version), is refused, the last good one serves: \(refused.why)"
            )
        }
        if let missing = state.missing {
            return .notice(
                "the published \(noun) could not be fetched yet, the last good one serves: \(missing)")
        }
        if state.isFresh { return .ready }
        let why = state.problem.map { ": \($0)" } ?? ""
        guard let publication = state.publication else {
            return .notice("the \(noun) of an earlier start serves; which one is published nobody says\(why)")
        }
        return .notice(
            "the \(noun) that serves, version \(publication.version), was the published one \(state.ageText) ago; "
                + "nobody has said so since\(why)")
    }

    @_lifetime(json: copy json)
    func describe(_ json: inout JSONWriter) {
        let state = follower.state
        json.beginObject()
        if let publication = state.publication {
            json.field("version", Int(publication.version))
            if let package = publication.blob.package { json.field("package", Int(package)) }
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
