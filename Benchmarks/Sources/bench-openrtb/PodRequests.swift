// The requests that are read: a break of six slots on a connected television, as an exchange sends it in 2 to
// 4 KB, all different.

struct PodRequests {
    let documents: [[UInt8]]

    init(count: Int, seed: UInt64) {
        var state = seed
        documents = (0..<count).map { _ in Array(Self.request(&state).utf8) }
    }

    private static func random(_ state: inout UInt64, _ bound: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % bound
    }

    private static func hex(_ state: inout UInt64, _ digits: Int) -> String {
        (0..<digits).map { _ in String(random(&state, 16), radix: 16) }.joined()
    }

    private static func slot(_ s: inout UInt64, _ index: Int, pod: String) -> String {
        let duration =
            random(&s, 3) == 0
            ? #""rqddurs":[15,30]"#
            : #""minduration":\#(5 + random(&s, 10)),"maxduration":\#(15 + random(&s, 45))"#
        let deals =
            random(&s, 3) > 0
            ? ""
            : #","pmp":{"private_auction":0,"deals":[{"id":"deal-\#(hex(&s, 6))","bidfloor":\#(10 + random(&s, 30)).5,"at":1}]}"#
        return """
            {"id":"\(index + 1)","video":{"mimes":["video/mp4","video/webm"],\(duration),"protocols":[2,3,5,6,7,8],\
            "w":1920,"h":1080,"startdelay":0,"plcmt":1,"linearity":1,"podid":"\(pod)","podseq":1,\
            "slotinpod":\(index == 0 ? 1 : index == 5 ? -1 : 0),"skip":0,"api":[7]},"tagid":"t\(hex(&s, 4))",\
            "bidfloor":\(5 + random(&s, 20)).\(1 + random(&s, 9)),"secure":1\(deals)}
            """
    }

    private static func request(_ s: inout UInt64) -> String {
        let pod = "pod-\(hex(&s, 4))"
        let imps = (0..<6).map { slot(&s, $0, pod: pod) }.joined(separator: ",")
        let title =
            random(&s, 3) == 0 ? "Caf\\u00e9 Nord \(random(&s, 9))" : "Nächte in Zürich \(random(&s, 99))"
        return """
            {"id":"\(hex(&s, 32))","imp":[\(imps)],"app":{"id":"\(random(&s, 99_999))","bundle":"com.example.tv",\
            "name":"Stream \(random(&s, 99))","storeurl":"https://store.example/app/\(random(&s, 9999))","cat":["IAB1"],\
            "publisher":{"id":"pub-\(random(&s, 9999))","domain":"media.example"},"content":{"id":"\(hex(&s, 12))",\
            "title":"\(title)","series":"Nord","genre":"drama","contentrating":"TV-14","language":"en",\
            "livestream":\(random(&s, 2)),"len":\(600 + random(&s, 6000)),"network":{"name":"ABC"},\
            "channel":{"name":"WABC"}}},"device":{"ua":"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36",\
            "ip":"203.0.113.\(random(&s, 255))","geo":{"lat":40.\(1000 + random(&s, 8999)),\
            "lon":-74.\(1000 + random(&s, 8999)),"country":"USA","region":"NY","metro":"501","zip":"100\(10 + random(&s, 89))",\
            "type":2,"utcoffset":-300},"lmt":\(random(&s, 2)),"devicetype":3,"make":"Samsung","os":"Tizen","osv":"6.0",\
            "ifa":"\(hex(&s, 32))"},"user":{"id":"\(hex(&s, 16))","consent":"\(hex(&s, 60))",\
            "eids":[{"source":"id.example","uids":[{"id":"\(hex(&s, 24))","atype":3}]}]},\
            "regs":{"coppa":0,"gdpr":\(random(&s, 2)),"gpp":"DBABMA","gpp_sid":[7]},"at":1,\
            "tmax":\(100 + random(&s, 200)),"cur":["USD"],"bcat":["IAB25","IAB26","IAB7-39"],"badv":["no.example"],\
            "source":{"fd":1,"tid":"\(hex(&s, 32))","schain":{"ver":"1.0","complete":1,\
            "nodes":[{"asi":"exchange.example","sid":"\(random(&s, 99999))","hp":1}]}}}
            """
    }
}
