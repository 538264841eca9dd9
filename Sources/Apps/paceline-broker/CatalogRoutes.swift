// What nodes come to a broker for: money, and the published catalog by `GET /v1/catalog` and `GET /v1/blobs/SHA256`, told from memory
// as soon as it is another one.
import CatalogWire
import Documents
import HTTP
import Kernel
import LedgerWire
import Reactor
import Serving
import TLS
import Units

/// Used on the desk's thread only.
final class CatalogRoutes: Responder {
    /// This one, for what other threads say. No other thread looks into it.
    private final class Place: @unchecked Sendable { weak var routes: CatalogRoutes? }

    private struct Question {
        let place: AnswerPlace
        let have: Int64
        let timer: TimerHandle
    }

    private let money: HolderRoutes
    private let relay: CatalogRelay
    private let holders: [String]
    private let reactor: Reactor
    private let place = Place()
    private var waiting: [Int: Question] = [:]
    private var asked = 0
    private var isLeaving = false
    weak var server: Server?

    /// Four for each of a broker's 64 nodes; each has one. Beyond it whoever asks is sent to the other broker.
    static let waitingMost = 256

    /// - Parameter holders: who may ask.
    init(_ money: HolderRoutes, _ relay: CatalogRelay, holders: [String], on reactor: Reactor) {
        (self.money, self.relay, self.holders, self.reactor) = (money, relay, holders, reactor)
        place.routes = self
    }

    /// What the relay is to call when there is something else to tell.
    var wake: @Sendable () -> Void {
        { [place, remote = reactor.remote] in _ = remote.post { _ in place.routes?.tell() } }
    }

    func respond(to request: borrowing Request, _ response: inout Response) {
        let blobs: StaticString = "/v1/blobs/"
        let isBlob = request.path.starts(with: blobs)
        guard isBlob || request.pathIs("/v1/catalog") else { return money.respond(to: request, &response) }
        guard request.method == .get else {
            response.header("allow", "GET")
            return response.problem(.methodNotAllowed, "a catalog is only read here")
        }
        if let peer = request.peer, !holders.contains(where: { HolderRoutes.vouches(peer, for: $0) }) {
            return response.problem(
                .forbidden, "the certificate is no holder's",
                [.init("uris", .array(peer.uris.map { .string($0) }))])
        }
        if isBlob {
            let path = request.path
            let name = path.extracting(blobs.utf8CodeUnitCount..<path.byteCount)
            return blob(name.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }, &response)
        }
        let query = request.query.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        do {
            question(try CatalogQuestion(query: query), request.place, &response)
        } catch {
            response.problem(.badRequest, "the query is not one of this protocol", error.members)
        }
    }

    private func blob(_ name: String, _ response: inout Response) {
        guard let offer = relay.offer, BlobDigest(name) == offer.publication.digest else {
            return response.problem(
                .notFound, "this is not the blob that is published: GET /v1/catalog names it")
        }
        response.contentType = "application/octet-stream"
        response.header("cache-control", "max-age=31536000, immutable")
        response.shared = offer.blob
    }

    private func question(
        _ question: CatalogQuestion, _ place: AnswerPlace, _ response: inout Response
    ) {
        guard let offer = relay.offer else { return unknown(&response) }
        guard let have = question.have, have == offer.publication.version, question.wait > .zero,
            !isLeaving
        else { return Self.tell(offer, have: question.have, &response) }
        let number = asked
        guard waiting.count < Self.waitingMost,
            let timer = reactor.timer(
                at: reactor.now + question.wait, { [weak self] in self?.timeIsOver(number) })
        else {
            response.header("retry-after", "1")
            return response.problem(
                .serviceUnavailable, "as many as may wait here wait already; ask the other broker")
        }
        asked += 1
        waiting[number] = Question(place: place, have: have, timer: timer)
        response.isHeld = true
    }

    private func unknown(_ response: inout Response) {
        if relay.follower.state.isNothing {
            return response.problem(.notFound, "no catalog has been published")
        }
        response.header("retry-after", "1")
        response.problem(
            .serviceUnavailable, "no coordinator has told this broker yet which catalog is published")
    }

    private static func tell(_ offer: CatalogRelay.Offer, have: Int64?, _ response: inout Response) {
        let age = "\(offer.ageSeconds(at: Kernel.monotonicNow()))"
        response.header("age", Array(age.utf8).span.bytes)
        if have == offer.publication.version {
            response.status = .notModified
        } else {
            response.json(offer.publication.tree)
        }
    }

    // MARK: Whoever waits

    private func timeIsOver(_ number: Int) {
        if let question = waiting.removeValue(forKey: number) { answer(question) }
    }

    private func answerNow(_ number: Int) {
        guard let question = waiting.removeValue(forKey: number) else { return }
        reactor.cancel(question.timer)
        answer(question)
    }

    private func answer(_ question: Question) {
        server?.answer(question.place) { response in
            if let offer = relay.offer { Self.tell(offer, have: question.have, &response) }
        }
    }

    private func tell() {
        guard let offer = relay.offer else { return }
        for (number, question) in waiting where question.have != offer.publication.version {
            answerNow(number)
        }
    }

    /// Everybody is answered, so that connections can end.
    func leave() {
        isLeaving = true
        for number in waiting.keys { answerNow(number) }
    }
}
