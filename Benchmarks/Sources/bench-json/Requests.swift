// The bid requests that are walked: OpenRTB 2.6 as a connected-TV exchange sends it, about 2 KB each, all
// different, so that no side learns one document by heart.
import Units

struct Requests {
    let documents: [[UInt8]]

    init(count: Int, seed: UInt64) {
        var state = seed
        documents = (0..<count).map { _ in Self.request(&state) }
    }

    private static func random(_ state: inout UInt64, _ bound: UInt64) -> UInt64 {
        state = state &* 6364136223846793005 &+ 1442695040888963407
        return (state >> 33) % bound
    }

    private static func hex(_ state: inout UInt64, _ digits: Int) -> String {
        (0..<digits).map { _ in String(random(&state, 16), radix: 16) }.joined()
    }

    private static func uuid(_ state: inout UInt64) -> String {
        [8, 4, 4, 4, 12].map { hex(&state, $0) }.joined(separator: "-")
    }

    private static func decimal(_ state: inout UInt64, _ whole: UInt64, _ digits: Int) -> String {
        "\(random(&state, whole)).\(random(&state, 9) + 1)"
            + (1..<digits).map { _ in "\(random(&state, 9) + 1)" }.joined()
    }

    private static func request(_ s: inout UInt64) -> [UInt8] {
        let imps = (0..<2).map { i in
            """
            {"id":"\(i + 1)","video":{"mimes":["video/mp4","video/webm"],"minduration":\(5 + random(&s, 10)),\
            "maxduration":\(15 + random(&s, 100)),"protocols":[2,3,5,6,7,8],"w":1920,"h":1080,\
            "startdelay":\(random(&s, 2)),"placement":1,"linearity":1,"skip":0,"playbackmethod":[1],\
            "delivery":[2],\
            "pos":7,"api":[1,2]},"instl":0,"tagid":"ctv-\(hex(&s, 6))",\
            "bidfloor":\(decimal(&s, 30, 2 + Int(random(&s, 3)))),\
            "bidfloorcur":"USD","secure":1,"exp":300,"pmp":{"private_auction":0,\
            "deals":[{"id":"deal-\(hex(&s, 8))",\
            "bidfloor":\(decimal(&s, 40, 2)),"bidfloorcur":"USD","at":1}]}}
            """
        }
        let host = "stream\(random(&s, 1000)).example"
        let page =
            random(&s, 4) == 0
            ? "https:\\/\\/\(host)\\/show\\/\(hex(&s, 5))"
            : "https://\(host)/show/\(hex(&s, 5))?s=\(random(&s, 9000))"
        let title =
            random(&s, 3) == 0
            ? "Caf\\u00e9 \\\"Nord\\\" S\(random(&s, 9))" : "Nächte in Zürich \(random(&s, 99))"
        let text = """
            {"id":"\(uuid(&s))","imp":[\(imps.joined(separator: ","))],\
            "site":{"id":"\(random(&s, 100_000))","name":"Stream \(random(&s, 99))","domain":"\(host)",\
            "cat":["IAB1","IAB1-\(random(&s, 7))","IAB9-30"],"page":"\(page)",\
            "publisher":{"id":"pub-\(random(&s, 10_000))",\
            "name":"Example Media"},"content":{"id":"\(hex(&s, 12))","title":"\(title)",\
            "season":"\(random(&s, 9))",\
            "genre":"drama","livestream":\(random(&s, 2)),"len":\(random(&s, 7200)),"language":"en"}},\
            "device":{"ua":"Mozilla/5.0 (SMART-TV; Linux; Tizen \(random(&s, 8)).0) \
            AppleWebKit/537.36 (KHTML, like Gecko) \
            Version/\(random(&s, 8)).0 TV Safari/537.36",\
            "geo":{"lat":\(decimal(&s, 90, 4 + Int(random(&s, 4)))),\
            "lon":-\(decimal(&s, 180, 4 + Int(random(&s, 12)))),"country":"USA","region":"NY",\
            "metro":"501","city":"New York",\
            "zip":"100\(10 + random(&s, 80))","type":2,"utcoffset":-300},"dnt":0,"lmt":\(random(&s, 2)),\
            "ip":"203.0.113.\(random(&s, 255))","devicetype":3,"make":"Samsung","model":"QN65Q80",\
            "os":"Tizen",\
            "osv":"\(random(&s, 8)).0","h":2160,"w":3840,"js":1,"language":"en","connectiontype":2,\
            "ifa":"\(uuid(&s))"},\
            "user":{"id":"\(hex(&s, 16))","buyeruid":"\(uuid(&s))","ext":{"consent":"\(hex(&s, 40))",\
            "eids":[{"source":"id.example",\
            "uids":[{"id":"\(hex(&s, 24))","atype":1}]}]}},"at":1,"tmax":\(80 + random(&s, 200)),\
            "cur":["USD"],\
            "bcat":["IAB25","IAB26","IAB7-39"],"badv":["blocked.example","other.example"],"test":0,\
            "source":{"fd":1,"tid":"\(uuid(&s))","ext":{"schain":{"ver":"1.0","complete":1,\
            "nodes":[{"asi":"exchange.example",\
            "sid":"\(random(&s, 99999))","hp":1}]}}},\
            "regs":{"coppa":0,"ext":{"gdpr":\(random(&s, 2)),"us_privacy":"1YNN"}}}
            """
        return Array(text.utf8)
    }
}
