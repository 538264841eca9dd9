// `POST /v1/ledger`: messages of one holder, which become one part of one transaction and are answered together; and `POST /v1/pacing`:
// what nodes say of their campaigns, and what they are to spend by when, where the issuer plans or passes that on; and
// `POST /v1/models/standing`: which models they serve; and `POST /v1/region`: where their region stands; and
// `POST /v1/questions`: what operators ask of nodes.
internal import Documents
public import HTTP
internal import JSON
public import Ledger
public import Pacing
public import Serving
public import TLS
public import Telemetry
public import Units

/// Who answers holders of money: a root, or a broker. Used on its own thread only.
public protocol MoneyIssuer: AnyObject {
    /// Calls back once, when all of it is there for good; false where it is not taken.
    func ask(_ commands: [RootCommand], _ done: @escaping (IssuerOutcome) -> Void) -> Bool
    /// A number that no session ever had.
    func candidate(_ holder: HolderNumber) -> LedgerSession
    func nonce() -> UInt64
    var epoch: Epoch { get }
    /// Whether anything would be taken now.
    var takesMessages: Bool { get }
    /// What a holder is told of audits beside every answer; nil where nothing is known of them.
    func auditCall(for holder: HolderNumber) -> AuditCall?
    /// Says who is to be asked instead.
    func decline(_ response: inout Response)
    /// How long the transaction took whose answers are just given; nil where there is none.
    var transactionTime: Interval? { get }
}

extension MoneyIssuer {
    public var transactionTime: Interval? { nil }
}

/// What became of an exchange.
public enum IssuerOutcome {
    case answered([RootAnswer])
    /// Whether any of it is there is not known to the asker: it asks again, or elsewhere.
    case declined
}

/// Used on the issuer's thread only.
public final class HolderRoutes: Responder {
    /// Who may ask, in the order of their numbers.
    private let holders: [String]
    private let issuer: any MoneyIssuer
    private var router = Router()
    public weak var server: Server?

    public init(
        _ holders: [String], _ health: Health, _ issuer: any MoneyIssuer,
        pacing: ((PaceWire.Statements) -> [PaceOrder]?)? = nil, models: ((ModelStanding) -> Bool)? = nil,
        region: ((RegionQuestion) -> RegionWord?)? = nil,
        questions: ((QuestionWords) -> QuestionWord?)? = nil, relay: PaceRelay? = nil
    ) {
        self.holders = holders
        self.issuer = issuer
        router.addHealth(health)
        router.add(.post, "/v1/ledger") { [unowned self] request, response in take(request, &response) }
        if let pacing {
            router.add(.post, "/v1/pacing") { [unowned self] in pace($0, pacing, &$1) }
        } else if let relay {
            router.add(.post, "/v1/pacing") { [unowned self] in pass($0, to: .pacing, by: relay, &$1) }
        }
        if let region {
            router.add(.post, "/v1/region") { [unowned self] in stand($0, in: region, &$1) }
        }
        if let questions {
            router.add(.post, "/v1/questions") { [unowned self] in ask($0, questions, &$1) }
        } else if let relay {
            router.add(.post, "/v1/questions") { [unowned self] in pass($0, to: .questions, by: relay, &$1) }
        }
        if let models {
            router.add(.post, "/v1/models/standing") { [unowned self] in stand($0, models, &$1) }
        } else if let relay {
            router.add(.post, "/v1/models/standing") { [unowned self] in
                pass($0, to: .models, by: relay, &$1)
            }
        }
    }

    public func respond(to request: borrowing Request, _ response: inout Response) {
        router.respond(to: request, &response)
    }

    private func take(_ request: borrowing Request, _ response: inout Response) {
        let body = request.body.withUnsafeBytes { Array($0) }
        do throws(Malformed) {
            let fields = try Fields(try Self.tree(body), at: "")
            _ = try fields.number("version", HolderMessages.version...HolderMessages.version)
            guard let number = holder(try fields.text("holder"), of: request, &response) else { return }
            guard case .array(let list) = try fields.tree("messages", "a list of messages").content,
                (1...HolderMessages.most).contains(list.count)
            else {
                throw Malformed(place: "messages", allowed: "a list of 1 to \(HolderMessages.most) messages")
            }
            let messages = HolderMessages(holder: HolderNumber(UInt8(number)), issuer: issuer)
            var commands: [RootCommand] = []
            for (index, one) in list.enumerated() {
                commands.append(try messages.command(one, at: "messages[\(index)]"))
            }
            // What asks for nothing needs no transaction.
            if commands.allSatisfy({ $0 == .look }) {
                guard issuer.takesMessages else { return issuer.decline(&response) }
                return write(messages, commands.map { _ in .book([]) }, &response)
            }
            let place = request.place
            let isTaken = issuer.ask(commands) { [weak self] outcome in self?.answer(place, messages, outcome)
            }
            guard isTaken else { return issuer.decline(&response) }
            response.isHeld = true
        } catch {
            response.problem(.badRequest, "the message is not one of this protocol", error.members)
        }
    }

    private static func tree(_ body: [UInt8]) throws(Malformed) -> JSONTree {
        do {
            return try JSONTree(reading: body)
        } catch {
            throw Malformed(place: "the body", allowed: "JSON: \(error)")
        }
    }

    /// `POST /v1/pacing`: answered at once, from what this process heard of late.
    private func pace(
        _ request: borrowing Request, _ pacing: (PaceWire.Statements) -> [PaceOrder]?,
        _ response: inout Response
    ) {
        let body = request.body.withUnsafeBytes { Array($0) }
        do throws(Malformed) {
            let all = try PaceWire.statements(try Self.tree(body))
            guard holder(all.holder, of: request, &response) != nil else { return }
            guard let orders = pacing(all) else { return issuer.decline(&response) }
            response.json(PaceWire.tree(orders))
        } catch {
            response.problem(.badRequest, "the message is not one of this protocol", error.members)
        }
    }

    /// `POST /v1/models/standing`.
    private func stand(
        _ request: borrowing Request, _ models: (ModelStanding) -> Bool, _ response: inout Response
    ) {
        let body = request.body.withUnsafeBytes { Array($0) }
        do throws(Malformed) {
            let standing = try ModelStanding(try Self.tree(body))
            guard holder(standing.holder, of: request, &response) != nil else { return }
            guard models(standing) else { return issuer.decline(&response) }
            response.json(["version": .number(ModelStanding.version)])
        } catch {
            response.problem(.badRequest, "the message is not one of this protocol", error.members)
        }
    }

    /// `POST /v1/region`: answered at once, from memory.
    private func stand(
        _ request: borrowing Request, in region: (RegionQuestion) -> RegionWord?, _ response: inout Response
    ) {
        let body = request.body.withUnsafeBytes { Array($0) }
        do throws(Malformed) {
            let question = try RegionQuestion(try Self.tree(body))
            guard holder(question.holder, of: request, &response) != nil else { return }
            guard let word = region(question) else {
                response.header("retry-after", "1")
                return response.problem(
                    .serviceUnavailable,
                    "no coordinator that leads has said here where the region stands; go on as you are")
            }
            response.json(word.tree)
        } catch {
            response.problem(.badRequest, "the message is not one of this protocol", error.members)
        }
    }

    /// `POST /v1/questions`: answered at once, from memory.
    private func ask(
        _ request: borrowing Request, _ questions: (QuestionWords) -> QuestionWord?,
        _ response: inout Response
    ) {
        let body = request.body.withUnsafeBytes { Array($0) }
        do throws(Malformed) {
            guard body.count <= QuestionWords.answerBytesMost + Self.wordsBytesMost else {
                throw Malformed(
                    place: "answer", allowed: "an answer of at most \(QuestionWords.answerBytesMost) bytes")
            }
            var words = try QuestionWords(try Self.tree(body))
            words.byteCount = body.count
            guard holder(words.holder, of: request, &response) != nil else { return }
            guard let word = questions(words) else { return issuer.decline(&response) }
            response.json(word.tree)
        } catch {
            response.problem(.badRequest, "the message is not one of this protocol", error.members)
        }
    }

    /// What stands around an answer: names, and kinds of questions.
    private static let wordsBytesMost = 16 * 1_024

    /// What a broker passes on: only what a node says of itself.
    private func pass(
        _ request: borrowing Request, to route: IssuerLink.Route, by relay: PaceRelay,
        _ response: inout Response
    ) {
        let body = request.body.withUnsafeBytes { Array($0) }
        do throws(Malformed) {
            let (node, words) = try relay.named(try Self.tree(body))
            guard holder(node, of: request, &response) != nil else { return }
            relay.pass(words, to: route, for: request.place, in: request.trace, &response)
        } catch {
            response.problem(.badRequest, "the message is not one of this protocol", error.members)
        }
    }

    /// The number of a holder that is who it says; nil where it is answered that it is not.
    private func holder(
        _ name: String, of request: borrowing Request, _ response: inout Response
    ) -> Int? {
        guard let number = holders.firstIndex(of: name) else {
            response.problem(
                .forbidden, "no such holder in the settings here", [.init("holder", .string(name))])
            return nil
        }
        if let peer = request.peer, !Self.vouches(peer, for: name) {
            response.problem(
                .forbidden, "the certificate is another holder's",
                [.init("holder", .string(name)), .init("uris", .array(peer.uris.map { .string($0) }))])
            return nil
        }
        return number
    }

    /// By the last part of one of the certificate's names: `spiffe://fleet/region/eu-west/broker/NAME`.
    public static func vouches(_ peer: TLSPeer, for name: String) -> Bool {
        peer.uris.contains {
            $0.hasPrefix("spiffe://") && $0.split(separator: "/").last.map(String.init) == name
        }
    }

    private func answer(_ place: AnswerPlace, _ messages: HolderMessages, _ outcome: IssuerOutcome) {
        if let took = issuer.transactionTime { server?.addStep("ledger.batch", took: took, to: place) }
        server?.answer(place) { response in
            guard case .answered(let answers) = outcome else { return issuer.decline(&response) }
            write(messages, answers, &response)
        }
    }

    private func write(_ messages: HolderMessages, _ answers: [RootAnswer], _ response: inout Response) {
        var members: [JSONTree.Member] = [
            .init("version", .number(HolderMessages.version)),
            .init("epoch", .string("\(issuer.epoch.rawValue)")),
            .init("answers", .array(answers.map(messages.tree))),
        ]
        if let call = issuer.auditCall(for: messages.holder) {
            members.append(.init("audit", PresentationWire.tree(call)))
        }
        response.json(.object(members))
    }
}
