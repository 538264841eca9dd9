// Routes: many of them, found or not, and what is said of those that are not.
import Reactor
import Testing
import Units

@testable import HTTP

@Suite(.serialized)
struct RouterTests {
    /// Names that end alike, are alike in length, or are the start of another.
    private static let paths: [StaticString] = [
        "/", "/a", "/b", "/ab", "/v1/bid", "/v2/bid", "/v1/bids", "/v1/bid/", "/v1/event/impression",
        "/v2/event/impression", "/v1/event/click", "/healthz", "/readyz", "/metrics", "/v1/node", "/v1/nodes",
    ]

    private func rig() throws -> ServerRig {
        var router = Router()
        for path in RouterTests.paths { router.add(.get, path) { _, response in response.write("\(path)") } }
        router.add(.post, "/v1/bid") { _, response in response.write("posted") }
        router.add(.get, "/told", changes: true) { _, response in response.write("told") }
        router.add(.delete, "/gone") { _, response in response.write("deleted") }
        let routes = Routes(router)
        return try ServerRig(.automatic) { request, response in routes.router.respond(to: request, &response)
        }
    }

    private final class Routes {
        let router: Router
        init(_ router: consuming Router) { self.router = router }
    }

    @Test func findsEveryRouteAndNoOther() throws {
        let rig = try rig()
        let peer = try rig.peer()
        for path in RouterTests.paths {
            peer.got = []
            peer.say("GET \(path)?with=query HTTP/1.1\r\nHost: x\r\n\r\n")
            try rig.settle { peer.answers.count == 1 }
            #expect(peer.answers[0].text == "\(path)")
        }
        for path in ["/c", "/v1", "/v1/bi", "/v1/bid//", "/V1/bid", "/xx/bid", "/%61"] {
            peer.got = []
            peer.say("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
            try rig.settle { peer.answers.count == 1 }
            #expect(peer.answers[0].status == 404, "\(path)")
        }
        try rig.finish()
    }

    @Test(
        arguments: [
            ("POST /v1/bid", 200, "posted", nil), ("GET /v1/bid", 200, "/v1/bid", nil),
            ("PUT /v1/bid", 405, nil, "GET, HEAD, POST"), ("POST /a", 405, nil, "GET, HEAD"),
            ("GET /gone", 405, nil, "DELETE"), ("HEAD /gone", 405, nil, "DELETE"),
            ("GET /told", 200, "told", nil), ("HEAD /told", 405, nil, "GET"),
            ("DELETE /gone", 200, "deleted", nil),
            ("BREW /a", 501, nil, nil), ("BREW /nowhere", 501, nil, nil), ("get /a", 501, nil, nil),
            ("TRACE /a", 405, nil, "GET, HEAD"), ("OPTIONS *", 404, nil, nil),
        ] as [(String, Int, String?, String?)])
    func answersByMethod(_ start: String, _ status: Int, _ body: String?, _ allow: String?) throws {
        let rig = try rig()
        let peer = try rig.peer()
        peer.say("\(start) HTTP/1.1\r\nHost: x\r\n\r\n")
        let isHead = start.hasPrefix("HEAD")
        try rig.settle { Answer.all(in: peer.got, toHead: isHead).count == 1 }
        let answer = Answer.all(in: peer.got, toHead: isHead)[0]
        #expect(answer.status == status && answer.headers["allow"] == allow)
        if let body { #expect(answer.text == body) }
        try rig.finish()
    }

    @Test func aServerThatTakesUnnamedMethodsKnowsThemAll() throws {
        var router = Router()
        router.add(.get, "/a") { _, response in response.write("a") }
        router.add(.other, "/pot") { _, response in response.write("brewed") }
        let routes = Routes(router)
        let rig = try ServerRig(.automatic) { request, response in
            routes.router.respond(to: request, &response)
        }
        let peer = try rig.peer()
        for (path, status) in [("/pot", 200), ("/a", 405), ("/nowhere", 404)] {
            peer.got = []
            peer.say("BREW \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
            try rig.settle { peer.answers.count == 1 }
            #expect(peer.answers[0].status == status, "\(path)")
        }
        try rig.finish()
    }

    @Test func headIsGetWithoutTheBody() throws {
        let rig = try rig()
        let peer = try rig.peer()
        peer.say(
            "HEAD /v1/node HTTP/1.1\r\nHost: x\r\n\r\nGET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        try rig.settle { peer.outcome != nil }
        #expect(peer.text.contains("content-length: 8\r\n\r\nHTTP/1.1 200 OK\r\n"))
        #expect(peer.text.hasSuffix("\r\n\r\n/a"))
        try rig.finish()
    }
}
