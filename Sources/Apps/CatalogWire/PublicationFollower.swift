// Follows what is published over the network: carries out what `Pursuit` says, on a thread of its own. What a blob means is its
// owner's: it is told of each that has come whole, and says what became of it.
public import Commands
internal import HTTP
internal import Kernel
public import LedgerWire
internal import Reactor
internal import Serving
internal import Synchronization
public import Telemetry
public import Units

/// Whose what is published is to be. All of it is called on the follower's thread.
public protocol PublicationTaker: AnyObject, Sendable {
    /// Takes a blob that is here already; nil where it has to be fetched.
    func find(_ publication: Publication) -> PublicationFollower.Verdict?
    /// Takes a blob that lies whole in the draft; calls back once, on any thread.
    func keep(
        _ publication: Publication, _ done: @escaping @Sendable (PublicationFollower.Verdict) -> Void)
    /// What is known is not what it was.
    func changed()
}

/// Shared by all threads.
public final class PublicationFollower: Sendable {
    public struct Options: Sendable {
        public var kind: PublicationKind
        /// The node that follows; nil for who hands on all that is published.
        public var node: String?
        /// Where a blob is written while it comes.
        public var draft: String
        /// Where it is kept what was published last.
        public var memory: String
        /// Beyond the time for which an answer may be held.
        public var timeout: Interval
        /// Larger blobs are refused.
        public var blobBytes: Int
        /// The only layout that is of use here; nil where all are.
        public var format: UInt32?

        public init(
            _ kind: PublicationKind, for node: String?, draft: String, memory: String, timeout: Interval,
            blobBytes: Int, format: UInt32?
        ) {
            (self.kind, self.node) = (kind, node)
            (self.draft, self.memory, self.timeout) = (draft, memory, timeout)
            (self.blobBytes, self.format) = (blobBytes, format)
        }
    }

    public enum Verdict: Sendable {
        /// Under this name.
        case taken(name: String)
        case refused(String)
        /// The draft is gone, and is fetched again.
        case notKept(String)
    }

    private let peers: IssuerPeers
    let options: Options
    private let thread: ClientThread
    private let log: Log
    let view: Mutex<FollowerView>

    /// So long an answer may be held: whoever stands still is noticed after it, and then another one is asked.
    static let wait = Interval.seconds(10)
    /// A blob that comes more slowly is asked for elsewhere.
    private static let blobBytesPerSecond = 256 * 1024
    /// An answer is a line.
    private static let answerBytes = 64 * 1024
    /// The memory is written again so often where nothing has changed.
    private static let memoryPause = Interval.seconds(10)

    /// Used on the follower's thread only.
    private final class Run: @unchecked Sendable {
        let taker: any PublicationTaker
        var pursuit: Pursuit
        /// What the owner calls the blob that is here.
        var name: String?
        var rememberedAt = Instant(nanoseconds: .min)

        init(
            _ pursuit: Pursuit, _ name: String?, _ taker: any PublicationTaker
        ) {
            (self.pursuit, self.name, self.taker) = (pursuit, name, taker)
        }
    }

    public init(_ peers: IssuerPeers, _ options: Options, _ log: Log) {
        (self.peers, self.options, self.log) = (peers, options, log)
        thread = ClientThread("\(options.kind)-news", peers, answerBytes: Self.answerBytes, log)
        view = Mutex(FollowerView())
    }

    /// Starts the thread, which runs as long as the process.
    ///
    /// - Parameter memory: what was published last, where its blob is here.
    public func start(
        from memory: PublicationMemory?, for taker: any PublicationTaker
    ) throws(Failure) {
        var seeds = SystemRandomNumberGenerator()
        let known = memory.map { memory in
            let age = max(Kernel.wallNow() - memory.asOf, .zero)
            return (publication: memory.publication, asOf: Kernel.monotonicNow() - age)
        }
        let run = Run(
            Pursuit(peers: peers.endpoints.count, memory: known, seed: seeds.next()), memory?.name, taker)
        show(run.pursuit)
        try thread.start()
        _ = thread.post { [self] client in turn(run, client) }
    }

    /// What is known now.
    public var state: FollowerView { view.withLock { $0 } }

    // MARK: On the follower's thread

    private func turn(_ run: Run, _ client: Client) {
        let now = Kernel.monotonicNow()
        switch run.pursuit.next(at: now) {
        case .wait(let until):
            let timer = client.reactor.timer(at: until) { [self] in turn(run, client) }
            precondition(timer != nil, "one timer is all that this reactor has")
        case .ask(let peer, let have): ask(peer, have, run, client)
        case .fetch(let peer, let publication): fetch(publication, from: peer, run, client)
        }
    }

    /// Says what has happened, and goes on.
    private func goOn(_ run: Run, _ client: Client, _ note: (inout FollowerView) -> Void) {
        view.withLock { note(&$0) }
        show(run.pursuit)
        remember(run)
        run.taker.changed()
        turn(run, client)
    }

    private func show(_ pursuit: Pursuit) {
        view.withLock { view in
            view.publication = pursuit.word?.publication
            view.asOf = pursuit.word?.asOf
            view.isHeld = pursuit.isWhole
            if pursuit.refused.isEmpty { view.refused = nil }
            if view.isHeld { view.missing = nil }
        }
    }

    private func ask(_ peer: Int, _ have: Int64?, _ run: Run, _ client: Client) {
        let endpoint = peers.endpoints[peer]
        let request = ClientRequest(
            .get, endpoint, PublicationQuestion(have: have, wait: Self.wait).target(options.kind))
        let limit = have == nil ? options.timeout : Self.wait + options.timeout
        client.send(request, deadline: client.reactor.now + limit) { [self] result in
            let now = Kernel.monotonicNow()
            do throws(Trouble) {
                let (answer, age) = try answer(result, endpoint)
                let isNews = run.pursuit.heard(answer, from: peer, age: age, at: now)
                let outcome: FollowerView.Asked = isNews ? .init(answer) : .stale
                goOn(run, client) { view in
                    view.asks[outcome, default: 0] += 1
                    view.isNothing = answer == .nothing
                    view.problem = view.isNothing ? "\(endpoint): nothing is published there" : nil
                }
            } catch {
                run.pursuit.failed(peer, at: now)
                log.warning(
                    "an issuer does not say what is published",
                    [
                        "kind": .string(options.kind.rawValue), "issuer": .string("\(endpoint)"),
                        "cause": .string(error.why),
                    ])
                goOn(run, client) { view in
                    view.asks[.failed, default: 0] += 1
                    view.problem = error.why
                }
            }
        }
    }

    private struct Trouble: Error { let why: String }

    /// What an answer says, and for how long its giver has not heard better.
    private func answer(
        _ result: Result<ClientResponse, ClientFailure>, _ endpoint: Endpoint
    ) throws(Trouble) -> (Pursuit.Answer, age: Interval) {
        let response: ClientResponse
        switch result {
        case .success(let answer): response = answer
        case .failure(let failure): throw Trouble(why: "\(failure)")
        }
        let age = Interval.seconds(Int64(response.header("age").flatMap { UInt32($0) } ?? 0))
        switch response.status {
        case 304: return (.unchanged, age)
        case 404: return (.nothing, age)
        case 200:
            do throws(Malformed) {
                let publication = try Publication(body: response.body)
                return (.published(options.node.map(publication.meant) ?? publication), age)
            } catch {
                throw Trouble(
                    why:
                        "\(endpoint): answers what is not of this protocol: \(error.place), not \(error.allowed)"
                )
            }
        default:
            let text = String(decoding: response.body.prefix(300), as: UTF8.self)
            throw Trouble(why: "\(endpoint): answers \(response.status): \(text)")
        }
    }

    // MARK: Blobs

    private func fetch(_ publication: Publication, from peer: Int, _ run: Run, _ client: Client) {
        if let why = objection(to: publication) {
            return judge(publication, .refused(why), run, client)
        }
        if let verdict = run.taker.find(publication) { return judge(publication, verdict, run, client) }
        let draft: BlobDraft
        do throws(FileFailure) {
            draft = try BlobDraft(options.draft, of: publication)
        } catch {
            return judge(publication, .notKept("\(error)"), run, client)
        }
        let endpoint = peers.endpoints[peer]
        var request = ClientRequest(.get, endpoint, "/v1/blobs/\(publication.digest)")
        request.sink = { draft.take($0) }
        let time = options.timeout + .seconds(Int64(publication.bytes / Self.blobBytesPerSecond))
        client.send(request, deadline: client.reactor.now + time) { [self] result in
            do throws(BlobTrouble) {
                try Self.whole(result, draft, endpoint)
            } catch {
                if case .disk(let why) = error { return judge(publication, .notKept(why), run, client) }
                run.pursuit.notFetched(from: peer, at: Kernel.monotonicNow())
                log.warning(
                    "what is published could not be fetched",
                    [
                        "kind": .string(options.kind.rawValue), "version": .integer(Int(publication.version)),
                        "cause": .string(error.why),
                    ])
                return goOn(run, client) { view in
                    view.fetches[error.outcome, default: 0] += 1
                    view.missing = error.why
                }
            }
            run.taker.keep(publication) { [self] verdict in
                let isPosted = thread.post { [self] client in judge(publication, verdict, run, client) }
                precondition(isPosted, "nobody posts here but the owner's verdicts, one at a time")
            }
        }
    }

    private enum BlobTrouble: Error {
        case disk(String)
        case corrupt(String)
        case absent(String)
        case failed(String)

        var why: String {
            switch self {
            case .disk(let why), .corrupt(let why), .absent(let why), .failed(let why): why
            }
        }

        var outcome: FollowerView.Fetched {
            switch self {
            case .disk: .notKept
            case .corrupt: .corrupt
            case .absent: .absent
            case .failed: .failed
            }
        }
    }

    private static func whole(
        _ result: Result<ClientResponse, ClientFailure>, _ draft: BlobDraft, _ endpoint: Endpoint
    ) throws(BlobTrouble) {
        switch result {
        case .success(let response) where response.status == 200: break
        case .success(let response) where response.status == 404:
            throw .absent("\(endpoint): has not the blob that is published")
        case .success(let response):
            let text = String(decoding: response.body.prefix(300), as: UTF8.self)
            throw .failed("\(endpoint): answers \(response.status) for the blob: \(text)")
        case .failure(let failure): if draft.trouble == nil { throw .failed("\(failure)") }
        }
        do throws(BlobDraft.Trouble) {
            try draft.finish()
        } catch {
            if case .disk(let failure) = error { throw .disk("\(failure)") }
            throw .corrupt("\(endpoint): the blob is not the one that is published: \(error)")
        }
    }

    /// Why a publication is not even fetched.
    private func objection(to publication: Publication) -> String? {
        if let format = options.format, publication.format != format {
            let what = publication.format > format ? "newer" : "older"
            return
                "it has format version \(publication.format), which is \(what); this program reads version \(format): "
                + "publish it again by a coordinator of this program's version, or take another program"
        }
        guard publication.bytes > options.blobBytes else { return nil }
        return "it has \(publication.bytes) bytes; the settings allow \(options.blobBytes)"
    }

    private func judge(_ publication: Publication, _ verdict: Verdict, _ run: Run, _ client: Client) {
        let now = Kernel.monotonicNow()
        let version = Int(publication.version)
        var (refusal, missing): (String?, String?) = (nil, nil)
        let outcome: FollowerView.Fetched
        switch verdict {
        case .taken(let name):
            run.pursuit.judged(publication.digest, .taken, at: now)
            run.name = name
            run.rememberedAt = Instant(nanoseconds: .min)
            outcome = .taken
        case .refused(let why):
            run.pursuit.judged(publication.digest, .refused, at: now)
            refusal = why
            outcome = .refused
            log.error(
                "what is published is refused",
                ["kind": .string(options.kind.rawValue), "version": .integer(version), "cause": .string(why)])
        case .notKept(let why):
            run.pursuit.judged(publication.digest, .notKept, at: now)
            missing = why
            outcome = .notKept
            log.error(
                "what is published could not be kept, which is tried again",
                ["kind": .string(options.kind.rawValue), "version": .integer(version), "cause": .string(why)])
        }
        goOn(run, client) { view in
            view.fetches[outcome, default: 0] += 1
            view.refused = refusal.map { (publication.version, $0) }
            view.missing = missing
        }
    }

    /// For the next start. What it says of a blob that is not here would be of no use.
    private func remember(_ run: Run) {
        let now = Kernel.monotonicNow()
        guard let name = run.name, let word = run.pursuit.word, run.pursuit.isWhole,
            now >= run.rememberedAt + Self.memoryPause
        else { return }
        run.rememberedAt = now
        let age = now - word.asOf
        do {
            try PublicationMemory(word.publication, name: name, asOf: Kernel.wallNow() - age)
                .write(to: options.memory)
        } catch {
            log.warning("what is published could not be noted for the next start", ["cause": .error(error)])
        }
    }
}
