// A broker passes on what its nodes say of pacing: each as who it is, to the coordinator, with the answer as it came.
import Commands
import Documents
import HTTP
import Kernel
import Pacing
import Reactor
import Serving
import Settings
import Telemetry
import Testing
import Tracing
import Units

@testable import LedgerWire

enum RelayRoot {
    case plans
    /// Of the version before: it knows no words of pacing.
    case knowsNone
    case doesNotLead
    case isGone
}

/// What one thread records: of what comes without a trace a share, of callers' traces so many a second.
private final class Recording {
    private let ring = SpanRing(capacity: 16)
    private let metrics: Metrics
    let recorder: SpanRecorder

    init(ratio: Double, parents: Int) {
        var catalogue = MetricsCatalogue()
        let keys = TraceMetricKeys(in: &catalogue)
        metrics = catalogue.freeze()
        let sampler = TraceSampler(ratio: ratio, parentsPerSecond: parents, at: Kernel.monotonicNow())
        recorder = SpanRecorder(sampler, ring, keys, metrics.addShard())
    }

    var spans: [SpanStart] {
        var taken: [SpanRecord] = []
        ring.take(into: &taken, most: 16)
        return taken.map(\.place)
    }
}

/// Answers as others do, and keeps in which trace it was asked.
private final class Overhearing: Responder {
    private let routes: HolderRoutes
    var traceparents: [String?] = []
    var states: [String?] = []
    /// Questions, which it never answers.
    var held = 0

    init(_ routes: HolderRoutes) { self.routes = routes }

    func respond(to request: borrowing Request, _ response: inout Response) {
        if request.path.withUnsafeBytes({ $0.elementsEqual("/v1/questions".utf8) }) {
            held += 1
            response.isHeld = true
            return
        }
        traceparents.append(Self.text(request.traceparent))
        states.append(Self.text(request.header("tracestate")))
        routes.respond(to: request, &response)
    }

    private static func text(_ value: RawSpan?) -> String? {
        guard let value else { return nil }
        return value.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}

/// A coordinator's server and a broker's on one reactor, with the broker's own link between them.
private final class Way {
    private static let loopback = SocketAddress(literal: "127.0.0.1", port: 0)!

    let reactor: Reactor
    private let client: Client
    private var asking: Client?
    private let root: Server
    private let broker: Server
    private let routes: [any Responder]
    let overhearing: Overhearing
    private let relay: PaceRelay
    private let endpoint: Endpoint
    private final class Heard { var all: [PaceWire.Statements] = [] }
    private let heard: Heard

    var words: [PaceWire.Statements] { heard.all }

    /// - Parameters:
    ///   - calls: what the broker records of its nodes' calls.
    ///   - exchanges: what it records of its own with the coordinator.
    init(_ kind: RelayRoot, calls: Recording? = nil, exchanges: Recording? = nil) throws {
        reactor = try Reactor(.automatic)
        client = Client(reactor: reactor)
        let (issuer, heard) = (NoIssuer(), Heard())
        self.heard = heard
        let plans: (PaceWire.Statements) -> [PaceOrder]? = { all in
            heard.all.append(all)
            return kind == .doesNotLead ? nil : [Way.order]
        }
        let rootRoutes = HolderRoutes(
            ["broker-1"], Health(awaiting: []), issuer, pacing: kind == .knowsNone ? nil : plans)
        overhearing = Overhearing(rootRoutes)
        root = Server(reactor: reactor, responder: overhearing)
        let port = "\(try root.listen(on: Self.loopback))".split(separator: ":").last.map(String.init) ?? ""
        let settings = try BrokerSettings(
            Array(
                """
                {"daemon": "broker", "name": "broker-1", "listen": [{"address": "127.0.0.1", "port": 1}],
                 "root": {"holder": "broker-1", "timeoutMilliseconds": 1000,
                          "coordinators": [{"address": "127.0.0.1", "port": \(kind == .isGone ? "1" : port)}]},
                 "holders": ["node-a", "node-b"], "journal": {"directory": "/nowhere"}}
                """.utf8))
        let log = Log(to: .standardError(identifier: "test", format: .readable), level: .error)
        let link = try IssuerLink(IssuerSettings(settings.root), at: "root", log)
        if let exchanges { link.record(by: exchanges.recorder) }
        try link.start()
        relay = PaceRelay(link, on: reactor)
        let brokerRoutes = HolderRoutes(settings.holders, Health(awaiting: []), issuer, relay: relay)
        broker = Server(reactor: reactor, responder: brokerRoutes)
        broker.tracer = calls.map { ServerTracer($0.recorder, seed: 7) }
        relay.server = broker
        routes = [rootRoutes, brokerRoutes]
        endpoint = Endpoint(address: try broker.listen(on: Self.loopback), authority: "broker.test")
    }

    static let order: PaceOrder = {
        var order = PaceOrder(campaign: "one", plan: 65_538)
        (order.scale, order.ahead) = (1.25, -0.5)
        return order
    }()

    static func body(of node: String) -> String {
        let terms = PacedTerms(
            id: "one", start: Instant(nanoseconds: 0), end: Instant(nanoseconds: 1_000_000_000_000),
            mode: .even, lifetime: .zero, daily: nil, price: Micros(4_200))
        let statement = PaceStatement(terms: terms, supply: [Double](repeating: 9, count: 24))
        return PaceWire.tree(PaceWire.Statements(holder: node, node: nil, start: 7, [(nil, statement)])).line
            .replacing(" ", with: "")
    }

    func say(
        _ body: String, _ headers: [(name: StaticString, value: String)] = []
    ) throws -> ClientResponse {
        var request = ClientRequest(.post, endpoint, "/v1/pacing")
        request.headers = headers
        request.body = Array(body.utf8)
        var answer: ClientResponse?
        let deadline = Kernel.monotonicNow() + .seconds(10)
        client.send(request, deadline: deadline) { answer = try? $0.get() }
        while answer == nil, Kernel.monotonicNow() < deadline { try reactor.turn(until: deadline) }
        return try #require(answer)
    }
}

extension Way {
    /// Nodes ask what they are asked, until the coordinator has as many of them as a broker has connections for.
    func ask(_ count: Int) throws {
        var limits = ClientLimits()
        limits.connectionsPerEndpoint = count
        let client = Client(reactor: reactor, limits: limits)
        asking = client
        var request = ClientRequest(.post, endpoint, "/v1/questions")
        request.body = Array(
            QuestionWords(holder: "node-a", region: "here", start: 7, kinds: ["explain"]).tree.line.utf8)
        let deadline = Kernel.monotonicNow() + .seconds(10)
        for _ in 0..<count { client.send(request, deadline: deadline) { _ in } }
        while overhearing.held < 2, Kernel.monotonicNow() < deadline { try reactor.turn(until: deadline) }
    }
}

@Suite struct PaceRelayTests {
    /// However many nodes ask, and however long nobody answers them.
    @Test func wordsOfPacingWaitBehindNoQuestion() throws {
        let way = try Way(.plans)
        try way.ask(8)
        #expect(way.overhearing.held == 2)
        let began = Kernel.monotonicNow()
        #expect(try way.say(Way.body(of: "node-a")).status == 200)
        // The broker gives questions up after a second, and then their connections are free.
        #expect(Kernel.monotonicNow() - began < .milliseconds(800))
    }

    @Test func whatTheCoordinatorSaysComesBack() throws {
        let way = try Way(.plans)
        for node in ["node-a", "node-b", "node-a"] {
            let answer = try way.say(Way.body(of: node))
            #expect(answer.status == 200 && answer.header("content-type") == "application/json")
            #expect(try PaceWire.orders(JSONTree(reading: answer.body)) == [Way.order])
        }
        #expect(way.words.map(\.node) == ["node-a", "node-b", "node-a"])
        #expect(way.words.allSatisfy { $0.holder == "broker-1" && $0.start == 7 && $0.statements.count == 1 })
    }

    @Test func aNodeSpeaksForItselfOnly() throws {
        let way = try Way(.plans)
        let body = Way.body(of: "node-a")
        #expect(try way.say(Way.body(of: "node-c")).status == 403)
        #expect(
            try way.say(body.replacing("{\"version\"", with: "{\"node\":\"node-b\",\"version\"")).status
                == 400)
        #expect(try way.say("{").status == 400)
        #expect(way.words.isEmpty)
        // Whichever of two names a reader takes, it is not the second one.
        let twice = body.replacing("\"start\":\"7\"", with: "\"holder\":\"node-b\",\"start\":\"7\"")
        #expect(twice != body)
        #expect(try way.say(twice).status == 200)
        #expect(way.words.map(\.node) == ["node-a"] && way.words.map(\.holder) == ["broker-1"])
        // What only the coordinator knows to be wrong is told by it.
        let answer = try way.say(body.replacing("\"price\":", with: "\"cost\":"))
        #expect(
            answer.status == 400
                && String(decoding: answer.body, as: UTF8.self).contains("campaigns[0].price"))
    }

    @Test(arguments: [(RelayRoot.knowsNone, 404), (.doesNotLead, 503), (.isGone, 503)])
    func whereNobodyPlansTheNodeIsToldSo(root: RelayRoot, status: Int) throws {
        let way = try Way(root)
        #expect(try way.say(Way.body(of: "node-a")).status == status)
    }

    private static let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")

    /// A caller's trace goes through a broker that does not record the call: because the caller does not, because callers want too
    /// much, or because nobody collects. No trace of the broker's own takes its place.
    @Test(arguments: [("00", 1_000), ("01", 0), ("01", nil)] as [(String, Int?)])
    func aTraceThatIsNotRecordedGoesOnAsItCame(flags: String, parents: Int?) throws {
        let calls = parents.map { Recording(ratio: 1, parents: $0) }
        let exchanges = parents.map { _ in Recording(ratio: 1, parents: 1_000) }
        let way = try Way(.plans, calls: calls, exchanges: exchanges)
        let traceparent = "00-\(Self.trace)-\(Self.parent)-\(flags)"
        let answer = try way.say(
            Way.body(of: "node-a"), [("traceparent", traceparent), ("tracestate", "rojo=1")])
        #expect(answer.status == 200)
        #expect(way.overhearing.traceparents == [traceparent] && way.overhearing.states == ["rojo=1"])
        #expect(calls?.spans ?? [] == [] && exchanges?.spans ?? [] == [])
    }

    @Test func aTraceThatIsRecordedGoesOnWithTheBrokersSpans() throws {
        let (calls, exchanges) = (Recording(ratio: 0, parents: 1_000), Recording(ratio: 0, parents: 1_000))
        let way = try Way(.plans, calls: calls, exchanges: exchanges)
        let traceparent = "00-\(Self.trace)-\(Self.parent)-01"
        #expect(try way.say(Way.body(of: "node-a"), [("traceparent", traceparent)]).status == 200)
        let (call, exchange) = (try #require(calls.spans.first), try #require(exchanges.spans.first))
        #expect(call.parent.text == Self.parent && exchange.parent == call.span)
        #expect(way.overhearing.traceparents == [exchange.context.traceparent])
        #expect(exchange.trace.text == Self.trace)
        // What is no trace is none to anybody.
        #expect(try way.say(Way.body(of: "node-a"), [("traceparent", "00-x-01")]).status == 200)
        #expect(way.overhearing.traceparents.last == .some(nil))
    }
}
