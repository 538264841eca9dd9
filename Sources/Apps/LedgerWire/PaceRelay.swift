// A broker's part in pacing and in models: what its nodes say of their campaigns, and of what they serve, goes on to the coordinator that
// leads, and what that answers goes back as it came. Nothing of it is kept, and but for two names none of it is understood.
internal import Documents
public import HTTP
public import Reactor
internal import Serving

/// Used on the thread of the server that nodes come to. Words are on their way no longer than the link waits for an answer; what
/// cannot be passed on is answered with 503, and the node goes on by its part.
public final class PaceRelay {
    /// For answers, which come by way of another thread. No other thread looks into it.
    private final class Way: @unchecked Sendable { weak var server: Server? }

    private let link: IssuerLink
    private let remote: ReactorRemote
    private let way = Way()

    public init(_ link: IssuerLink, on reactor: Reactor) {
        self.link = link
        remote = reactor.remote
    }

    /// Where nodes wait for their answers.
    public var server: Server? {
        get { way.server }
        set { way.server = newValue }
    }

    /// Who says these words, and what the coordinator is to hear.
    func named(_ tree: JSONTree) throws(Malformed) -> (node: String, words: JSONTree) {
        try PaceWire.passedOn(tree, by: link.holder)
    }

    /// Holds the response until there is an answer.
    func pass(
        _ words: JSONTree, to route: IssuerLink.Route, for place: AnswerPlace, in call: CallTrace?,
        _ response: inout Response
    ) {
        let isOnItsWay = link.passOn(words, to: route, for: call) { [way, remote] answer in
            remote.post { _ in _ = way.server?.answer(place) { Self.write(answer, &$0) } }
        }
        if isOnItsWay { response.isHeld = true } else { Self.write(nil, &response) }
    }

    private static func write(_ answer: IssuerLink.Passed?, _ response: inout Response) {
        switch answer?.status {
        case 200: response.status = .ok
        case 400: response.status = .badRequest
        case 403: response.status = .forbidden
        // A coordinator of a version that directs nobody.
        case 404: response.status = .notFound
        default:
            response.header("retry-after", "1")
            return response.problem(
                .serviceUnavailable, "no coordinator that leads has answered; go on by what it said last")
        }
        response.contentType = response.status == .ok ? "application/json" : "application/problem+json"
        if let body = answer?.body { response.write(body.span.bytes) }
    }
}
