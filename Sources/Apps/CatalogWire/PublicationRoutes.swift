// What is published, from the side of who tells: `GET /v1/catalog`, `GET /v1/models` and `GET /v1/blobs/SHA256`, from memory, as soon as
// it is something else. A coordinator and a broker answer by the same lines.
internal import Documents
public import HTTP
internal import Kernel
internal import LedgerWire
public import Reactor
internal import Serving
internal import TLS
public import Units

/// Who knows what is published of one kind, and has its bytes.
public protocol PublicationSource: AnyObject {
    var standing: PublicationStanding { get }
    /// Nil for all that nobody who heard of it lately could want.
    func blob(_ digest: BlobDigest) -> SharedBytes?
}

public enum PublicationStanding: Sendable {
    /// Nobody has said anything yet, and why that is so.
    case unknown(String)
    /// There never was any.
    case nothing
    /// All of its blobs are here.
    ///
    /// - Parameter asOf: when it was known last to be so, where it is somebody else who knows.
    case published(Publication, asOf: Instant?)

    public var publication: Publication? {
        if case .published(let publication, _) = self { publication } else { nil }
    }
}

/// Used on the server's thread only. What is asked for elsewhere goes to the responder behind.
public final class PublicationRoutes: Responder {
    /// This one, for what other threads say. No other thread looks into it.
    private final class Place: @unchecked Sendable { weak var routes: PublicationRoutes? }

    private struct Waiter {
        let place: AnswerPlace
        let source: Int
        let have: Int64
        let timer: TimerHandle
    }

    private let behind: any Responder
    private let sources: [(kind: PublicationKind, source: any PublicationSource)]
    private let holders: [String]
    private let reactor: Reactor
    private let place = Place()
    private var waiting: [Int: Waiter] = [:]
    private var asked = 0
    private var isLeaving = false
    public weak var server: Server?

    /// Four for each of 64 who may ask, each of whom has one for each kind. Beyond it whoever asks goes elsewhere.
    static let waitingMost = 256

    /// - Parameter holders: who may ask.
    public init(
        _ sources: [(kind: PublicationKind, source: any PublicationSource)], holders: [String],
        on reactor: Reactor, behind: any Responder
    ) {
        (self.sources, self.holders, self.reactor, self.behind) = (sources, holders, reactor, behind)
        place.routes = self
    }

    /// What is to be called when there is something else to tell, on any thread.
    public var wake: @Sendable () -> Void {
        { [place, remote = reactor.remote] in _ = remote.post { _ in place.routes?.tell() } }
    }

    public func respond(to request: borrowing Request, _ response: inout Response) {
        let path = request.path.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        let blobs = "/v1/blobs/"
        let isGet = request.method == .get || request.method == .head
        if let source = sources.firstIndex(where: { $0.kind.address == path }) {
            guard letsIn(request, isGet: isGet, &response) else { return }
            ask(request, source, &response)
        } else if path.hasPrefix(blobs) {
            guard letsIn(request, isGet: isGet, &response) else { return }
            blob(path.dropFirst(blobs.count), &response)
        } else {
            behind.respond(to: request, &response)
        }
    }

    /// Who shows a certificate is one of the holders, as for money; and only looks.
    private func letsIn(
        _ request: borrowing Request, isGet: Bool, _ response: inout Response
    ) -> Bool {
        guard isGet else {
            response.header("allow", "GET, HEAD")
            response.problem(.methodNotAllowed, "what is published is only read here")
            return false
        }
        if let peer = request.peer, !holders.contains(where: { HolderRoutes.vouches(peer, for: $0) }) {
            response.problem(
                .forbidden, "the certificate is no holder's",
                [.init("uris", .array(peer.uris.map { .string($0) }))])
            return false
        }
        return true
    }

    private func blob(_ name: Substring, _ response: inout Response) {
        guard let digest = BlobDigest(name) else {
            return response.problem(
                .badRequest, "the request is not one",
                Malformed(place: "the address", allowed: "64 digits of hexadecimal, in lower case").members)
        }
        guard let content = sources.lazy.compactMap({ $0.source.blob(digest) }).first else {
            return response.problem(
                .notFound, "it is not what is published, nor what was before; ask again what is")
        }
        response.contentType = "application/octet-stream"
        // What a digest names never changes.
        response.header("cache-control", "max-age=31536000, immutable")
        response.shared = content
    }

    private func ask(_ request: borrowing Request, _ source: Int, _ response: inout Response) {
        let query = request.query.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        let question: PublicationQuestion
        do {
            question = try PublicationQuestion(query: query)
        } catch {
            return response.problem(.badRequest, "the request is not one", error.members)
        }
        let standing = sources[source].source.standing
        guard let have = question.have, have == standing.publication?.version, question.wait > .zero,
            !isLeaving
        else { return tell(standing, source, have: question.have, &response) }
        let number = asked
        guard waiting.count < Self.waitingMost,
            let timer = reactor.timer(
                at: reactor.now + question.wait, { [weak self] in self?.timeIsOver(number) })
        else {
            response.header("retry-after", "1")
            return response.problem(
                .serviceUnavailable, "as many as may wait here wait already; ask another one")
        }
        asked += 1
        waiting[number] = Waiter(place: request.place, source: source, have: have, timer: timer)
        response.isHeld = true
    }

    private func tell(
        _ standing: PublicationStanding, _ source: Int, have: Int64?, _ response: inout Response
    ) {
        switch standing {
        case .unknown(let why):
            response.header("retry-after", "1")
            response.problem(.serviceUnavailable, why)
        case .nothing:
            response.problem(.notFound, "no \(sources[source].kind.noun) has been published")
        case .published(let publication, let asOf):
            if let asOf {
                let age = max((Kernel.monotonicNow() - asOf).wholeMilliseconds / 1_000, 0)
                response.header("age", Array("\(age)".utf8).span.bytes)
            }
            if have == publication.version {
                response.status = .notModified
            } else {
                response.json(publication.tree)
            }
        }
    }

    // MARK: Whoever waits

    private func timeIsOver(_ number: Int) {
        if let waiter = waiting.removeValue(forKey: number) { answer(waiter) }
    }

    private func answerNow(_ number: Int) {
        guard let waiter = waiting.removeValue(forKey: number) else { return }
        reactor.cancel(waiter.timer)
        answer(waiter)
    }

    private func answer(_ waiter: Waiter) {
        server?.answer(waiter.place) { response in
            tell(sources[waiter.source].source.standing, waiter.source, have: waiter.have, &response)
        }
    }

    /// Something else is published: whoever waits for it is told.
    public func tell() {
        let versions = sources.map { $0.source.standing.publication?.version }
        for (number, waiter) in waiting where versions[waiter.source] != waiter.have { answerNow(number) }
    }

    /// Everybody is answered, so that connections can end.
    public func leave() {
        isLeaving = true
        for number in waiting.keys { answerNow(number) }
    }
}
