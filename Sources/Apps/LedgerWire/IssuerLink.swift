// The way to the issuer: one exchange at a time over HTTP, with a time limit, to those who are named in turn until one answers. On
// a thread of its own; what is said and what an answer means is `IssuerSession`'s and `BrokerDesk`'s.
public import Commands
internal import Documents
internal import Fleet
internal import HTTP
public import Ledger
public import Pacing
internal import Reactor
public import Serving
internal import Synchronization
public import Telemetry
internal import Units

/// Shared by the thread that says, and its own, which carries.
public final class IssuerLink: Sendable {
    public enum Outcome: Sendable {
        case answered([[IssuerWord]], audit: AuditCall?)
        case unanswered
    }

    /// Who is asked next. Used on the thread that carries only.
    private final class Place: @unchecked Sendable {
        var turn = 0
        /// For questions of the region, which begin anew elsewhere by themselves.
        var regionTurn = 0
    }

    private struct Counts {
        var answered = 0
        var unanswered = 0
    }

    private let settings: IssuerSettings
    private let region: String?
    private let endpoints: [Endpoint]
    private let thread: ClientThread
    private let log: Log
    private let place = Place()
    private let counts = Mutex(Counts())
    /// Nil where nobody collects traces.
    private let spans = Mutex<IssuerSpans?>(nil)

    /// Answers of some hundred bytes to each of some hundred sayings.
    private static let answerBytesMost = 1024 * 1024
    /// Words of pacing that wait for a connection, and as many about questions: of all nodes of a broker, twice.
    private static let wordsWaitingMost = 128

    /// - Parameters:
    ///   - path: where the settings stand in their file.
    ///   - region: of the node, for who looks at its pacing.
    public init(
        _ settings: IssuerSettings, at path: String, region: String? = nil, _ log: Log
    ) throws(Failure) {
        self.settings = settings
        self.region = region
        self.log = log
        let peers = try IssuerPeers(settings, at: path)
        endpoints = peers.endpoints
        // Money waits behind no word of pacing, and pacing behind no question or answer.
        thread = ClientThread(
            "issuer", peers, answerBytes: Self.answerBytesMost,
            waitingBeside: [Self.wordsWaitingMost, Self.wordsWaitingMost], log)
    }

    public var holder: String { settings.holder }
    public var answered: Int { counts.withLock { $0.answered } }
    public var unanswered: Int { counts.withLock { $0.unanswered } }

    /// Has exchanges recorded from now on, by what this link's thread alone uses.
    public func record(by recorder: SpanRecorder) {
        let made = IssuerSpans(recorder)
        spans.withLock { $0 = made }
    }

    /// Starts the thread, which runs as long as the process.
    public func start() throws(Failure) { try thread.start() }

    /// Carries one exchange; calls back once, on this link's thread.
    public func say(_ sayings: [IssuerSaying], _ done: @escaping @Sendable (Outcome) -> Void) {
        let body = IssuerWire.body(sayings, from: settings.holder)
        let isPosted = post(body, to: .ledger) { [self] in done(hear($0, from: $1)) }
        if !isPosted { done(.unanswered) }
    }

    /// What is said beside money goes its own way, so that money waits behind none of it.
    enum Route {
        case ledger, pacing, models, region, questions

        fileprivate var path: StaticString {
            switch self {
            case .ledger: "/v1/ledger"
            case .pacing: "/v1/pacing"
            case .models: "/v1/models/standing"
            case .region: "/v1/region"
            case .questions: "/v1/questions"
            }
        }

        /// On which connections beside those of money.
        fileprivate var beside: Int? {
            switch self {
            case .ledger: nil
            case .pacing, .models, .region: 0
            // A sample or an explanation may be a quarter of a megabyte, and every node asks each second.
            case .questions: 1
            }
        }
    }

    /// Has a request sent to whoever is asked now; false where that cannot be, and nothing calls back.
    private func post(
        _ body: [UInt8], to route: Route, for call: CallTrace? = nil,
        _ done: @escaping @Sendable (Result<ClientResponse, ClientFailure>, Endpoint) -> Void
    ) -> Bool {
        thread.post(beside: route.beside) { [self] client in
            let turn = route == .region ? place.regionTurn : place.turn
            let endpoint = endpoints[turn % endpoints.count]
            var request = ClientRequest(.post, endpoint, "\(route.path)")
            request.headers = [("content-type", "application/json")]
            request.body = body
            let spans = spans.withLock { $0 }
            let span = spans?.begin(route.path, for: call)
            // What is not recorded here may be elsewhere: the caller's words go on.
            if let trace = span?.trace ?? call { request.headers += trace.headers }
            client.send(request, deadline: client.reactor.now + settings.timeout) { result in
                if let span { spans?.end(span, result) }
                done(result, endpoint)
            }
        }
    }

    /// What became of words about pacing.
    public enum PacingOutcome: Sendable {
        case answered([PaceOrder])
        /// The issuer, or the one behind it, is of a version that directs nobody.
        case notDirected
        case unanswered
    }

    /// Carries what is said of pacing, to the issuer that is asked for money; calls back once, on this link's thread.
    public func pace(
        _ statements: [(day: String?, PaceStatement)], _ supply: PaceSupply?, start: UInt64,
        _ done: @escaping @Sendable (PacingOutcome) -> Void
    ) {
        let all = PaceWire.Statements(
            holder: settings.holder, node: nil, start: start, statements, region: region,
            supply: supply)
        let body = Array(PaceWire.tree(all).line.utf8)
        let isPosted = post(body, to: .pacing) { [self] in done(hearPacing($0, from: $1)) }
        if !isPosted { done(.unanswered) }
    }

    /// An answer as it came.
    typealias Passed = (status: Int, body: [UInt8])

    /// Carries what a node says of its models; whether somebody has heard it comes back once, on this link's thread.
    public func tell(_ standing: ModelStanding, _ done: @escaping @Sendable (Bool) -> Void) {
        let isPosted = post(Array(standing.tree.line.utf8), to: .models) { result, _ in
            if case .success(let response) = result { done(response.status == 200) } else { done(false) }
        }
        if !isPosted { done(false) }
    }

    /// Asks where the region stands; nil where nobody who is asked knows. Calls back once, on this link's thread or at once.
    func askRegion(_ counts: [NodeCount], _ done: @escaping @Sendable (RegionWord?) -> Void) {
        let question = RegionQuestion(holder: settings.holder, counts: counts)
        let isPosted = post(Array(question.tree.line.utf8), to: .region) { [self] result, endpoint in
            if case .success(let response) = result, response.status == 200 {
                do {
                    return done(try RegionWord(JSONTree(reading: response.body)))
                } catch {
                    trouble(endpoint, "answers what is no word of a region: \(error)")
                }
            }
            // One that does not lead, has heard nothing yet, or is of a version that knows of no regions.
            place.regionTurn += 1
            done(nil)
        }
        if !isPosted { done(nil) }
    }

    /// What became of a node's asking what it is asked.
    public enum QuestionOutcome: Sendable {
        case asked(QuestionWord)
        /// The issuer, or the one behind it, is of a version that asks nothing.
        case notAsked
        case unanswered
    }

    /// Asks what this node is asked, and says an answer, beside money and behind none of it. Calls back once, on this link's thread or at once.
    public func question(
        _ words: QuestionWords, _ done: @escaping @Sendable (QuestionOutcome) -> Void
    ) {
        let isPosted = post(Array(words.tree.line.utf8), to: .questions) { [self] result, endpoint in
            guard case .success(let response) = result else { return done(.unanswered) }
            guard response.status == 200 else {
                return done(response.status == 404 ? .notAsked : .unanswered)
            }
            do {
                done(.asked(try QuestionWord(JSONTree(reading: response.body))))
            } catch {
                trouble(endpoint, "answers what is no word of questions: \(error)")
                done(.unanswered)
            }
        }
        if !isPosted { done(.unanswered) }
    }

    /// Passes on a node's words, for its call; nil where no answer comes in time. Calls back once, on this link's thread; false where it
    /// will not.
    func passOn(
        _ words: JSONTree, to route: Route, for call: CallTrace?,
        _ done: @escaping @Sendable (Passed?) -> Void
    ) -> Bool {
        post(Array(words.line.utf8), to: route, for: call) { [self] result, endpoint in
            switch result {
            case .success(let response): done((response.status, response.body))
            case .failure(let failure):
                trouble(endpoint, "\(failure)")
                done(nil)
            }
        }
    }

    private func hearPacing(
        _ result: Result<ClientResponse, ClientFailure>, from endpoint: Endpoint
    ) -> PacingOutcome {
        switch result {
        case .success(let response) where response.status == 200:
            do {
                return .answered(try PaceWire.orders(JSONTree(reading: response.body)))
            } catch {
                trouble(endpoint, "answers what is not of pacing's protocol: \(error)")
            }
        case .success(let response) where response.status == 404: return .notDirected
        case .success(let response):
            trouble(
                endpoint,
                "answers \(response.status): \(String(decoding: response.body.prefix(300), as: UTF8.self))",
                isExpected: response.status == 503)
        case .failure(let failure): trouble(endpoint, "\(failure)")
        }
        return .unanswered
    }

    private func hear(
        _ result: Result<ClientResponse, ClientFailure>, from endpoint: Endpoint
    ) -> Outcome {
        switch result {
        case .success(let response) where response.status == 200:
            do throws(Malformed) {
                let (words, audit) = try IssuerWire.words(response.body)
                counts.withLock { $0.answered += 1 }
                // Another one has the session: it is asked next.
                if words.contains(where: { $0.last == .refused(.elsewhere) }) { place.turn += 1 }
                return .answered(words, audit: audit)
            } catch {
                trouble(
                    endpoint, "answers what is not of this protocol: \(error.place), not \(error.allowed)")
            }
        case .success(let response):
            trouble(
                endpoint,
                "answers \(response.status): \(String(decoding: response.body.prefix(300), as: UTF8.self))",
                // One that does not lead says so, and is no trouble.
                isExpected: response.status == 503)
        case .failure(let failure): trouble(endpoint, "\(failure)")
        }
        counts.withLock { $0.unanswered += 1 }
        place.turn += 1
        return .unanswered
    }

    private func trouble(_ endpoint: Endpoint, _ why: String, isExpected: Bool = false) {
        let fields: LogFields = ["issuer": .string("\(endpoint)"), "cause": .string(why)]
        if isExpected {
            log.debug("the issuer is asked elsewhere", fields)
        } else {
            log.warning("the issuer has not answered", fields)
        }
    }
}
