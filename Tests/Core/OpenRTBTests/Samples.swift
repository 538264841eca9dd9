// Requests that the tests read: the shapes of the specification's examples, written anew, and the reading of
// them.
import OpenRTB

enum Samples {
    /// A break of two slots and a dynamic rest, from an app on a television, with deals, consent in the fields
    /// of 2.6, and something unknown wherever an object allows it.
    static let hybridPod = """
        {"id":"req-1","at":1,"tmax":250,"cur":["USD","EUR"],"unknown":{"a":[1,{"b":null}]},
         "imp":[
          {"id":"1","bidfloor":15.5,"tagid":"break-a","secure":1,"ssai":2,"exp":7200,
           "video":{"podid":"pod_1","podseq":1,"slotinpod":1,"mimes":["video/mp4","video/webm"],"linearity":1,
                    "minduration":15,"maxduration":30,"protocols":[7,11,13],"w":1920,"h":1080,"startdelay":0,
                    "plcmt":1,"poddedupe":[1,3],"durfloors":[{"maxdur":15,"bidfloor":5},
                    {"mindur":16,"maxdur":30,"bidfloor":10}],"ext":{"x":1}},
           "pmp":{"private_auction":0,"deals":[
             {"id":"deal-1","bidfloor":20,"bidfloorcur":"EUR","at":3,"wseat":["s1","s2"],
              "wadomain":["shop.example"],"guar":1},
             {"id":"deal-2","mincpmpersec":0.75,"durfloors":[{"mindur":10,"bidfloor":2.000001}]}]},
           "ext":{"rule":"x"}},
          {"id":"2","bidfloor":8,"bidfloorcur":"USD",
           "video":{"podid":"pod_1","podseq":1,"mimes":["video/mp4"],"rqddurs":[15,30],"startdelay":0}},
          {"id":"3","bidfloor":4,
           "video":{"podid":"pod_1","podseq":1,"mimes":["video/mp4"],"minduration":5,"maxduration":90,
                    "poddur":60,"maxseq":4,"mincpmpersec":0.5,"startdelay":0}}],
         "app":{"id":"app-1","name":"Stream","bundle":"com.example.tv","storeurl":"https://store.example/1",
                "cat":["IAB1"],"publisher":{"id":"pub-1","name":"Example Media","domain":"media.example"},
                "content":{"id":"c-1","title":"Caf\\u00e9 \\"Nord\\"","series":"Nord","season":"2","episode":3,
                           "genre":"drama","contentrating":"TV-14","language":"en","livestream":1,"len":3600,
                           "network":{"name":"ABC","domain":"abc.example"},"channel":{"name":"WABC"},
                           "genres":["7","9"],"data":[{"id":"d1","segment":[{"id":"s1","value":"v"}]}]}},
         "device":{"ua":"TV","ip":"203.0.113.7","devicetype":3,"make":"Maker","os":"Tizen","lmt":0,
                   "ifa":"f00","geo":{"lat":40.7128,"lon":-74.006,"country":"USA","region":"NY",
                   "metro":"501","zip":"10001","type":2,"utcoffset":-300}},
         "user":{"id":"u","consent":"CPc","eids":[{"source":"id.example","uids":[{"id":"e1","atype":3},
                 {"id":"e2"}]},{"source":"other.example","uids":[{"id":"e3","atype":1}]}]},
         "regs":{"coppa":0,"gdpr":1,"gpp":"DBA","gpp_sid":[7,8],"us_privacy":"1YNN"},
         "source":{"fd":1,"tid":"t-1","schain":{"complete":1,"ver":"1.0",
                   "nodes":[{"asi":"x.example","sid":"1","hp":1},{"asi":"y.example","sid":"2","hp":1}]}},
         "bcat":["IAB25","IAB26"],"badv":["no.example"],"bapp":["com.no"],"wseat":["s1"],"test":1}
        """

    /// The older places of consent, identifiers and the supply chain.
    static let olderPlaces = """
        {"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250,"format":[{"w":300,"h":250},{"w":300,"h":600}],
          "btype":[1,4],"battr":[13]}}],
         "site":{"id":"s","domain":"news.example","page":"https:\\/\\/news.example\\/a"},
         "user":{"ext":{"consent":"COld","eids":[{"source":"o.example","uids":[{"id":"1"}]}]}},
         "regs":{"ext":{"gdpr":1,"us_privacy":"1---","gpp":"DBB","gpp_sid":[2]}},
         "source":{"ext":{"schain":{"complete":0,"ver":"1.0","nodes":[{"asi":"a.example","sid":"9"}]}}}}
        """

    /// The least that is accepted, with something in the place of what follows the video object's media types.
    static func video(_ fields: String = "", imp: String = "") -> String {
        #"{"id":"r","imp":[{"id":"1","video":{"mimes":["video/mp4"]\#(fields)}\#(imp)}]}"#
    }

    /// The same with more of the request's own fields.
    static func request(_ fields: String) -> String { video().dropLast() + ",\(fields)}" }
}

/// Runs the body on what the text is read as.
func reading<Result>(
    _ text: String, limits: RequestLimits = RequestLimits(), _ body: (BidRequest) throws -> Result
) throws -> Result {
    var reader = BidRequestReader(limits: limits)
    let bytes = Array(text.utf8)
    return try body(try reader.read(bytes.span.bytes))
}

/// Why the text is refused, nil if it is not.
func refusal(of bytes: [UInt8], limits: RequestLimits = RequestLimits()) -> OpenRTBError? {
    var reader = BidRequestReader(limits: limits)
    do throws(OpenRTBError) {
        _ = try reader.read(bytes.span.bytes)
        return nil
    } catch { return error }
}

extension BidRequest {
    func string(_ text: Text) -> String { String(copying: utf8(text)) }
    func strings(_ run: Run<Text>) -> [String] {
        let texts = self[run]
        return texts.indices.map { string(texts[$0]) }
    }
    func numbers(_ run: Run<Int32>) -> [Int32] {
        let numbers = self[run]
        return numbers.indices.map { numbers[$0] }
    }
}
