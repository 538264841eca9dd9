// The bytes of bid requests for a generated catalog: what an exchange for connected TV sends, from the same world and
// with the same shares as the queries of `GeneratedRequests`, so that one line item in a hundred matches here too.
public import Units

public struct GeneratedBidRequests {
    public struct One: Sendable {
        public var bytes: [UInt8]
        /// When it comes: within a week in which seven campaigns in ten run.
        public var at: Instant
        public var slots: Int
    }

    private var random: Randomness
    private let world: GeneratedWorld

    public init(lineItems: Int, seed: UInt64) {
        random = Randomness(seed: seed)
        world = GeneratedWorld(lineItems: lineItems)
    }

    /// The next request. Two thirds ask for one ad. Of the others, which ask for six, three in five have an imp for
    /// each slot, and two in five one imp for the whole break.
    public mutating func next() -> One {
        let deals = (0..<random.next(in: 0...4)).map { _ in one(world.deals) }
        let (imps, slots) = imps(deals)
        let text = """
            {"id":"\(hex(32))","at":1,"tmax":\(random.next(in: 80...300)),"cur":["USD"],"bcat":[\(categories())],\
            "badv":["brand7.example","brand\(random.next(in: 1_000...9_999)).example"],"imp":[\(imps)],\
            "app":\(app()),"device":\(device()),"user":\(user()),\
            "regs":{"coppa":0,"gdpr":0,"us_privacy":"1YNN"},\
            "source":{"fd":1,"tid":"\(hex(32))","schain":{"ver":"1.0","complete":1,"nodes":[\
            {"asi":"exchange.example","sid":"\(random.next(in: 1_000...99_999))","rid":"\(hex(16))","hp":1},\
            {"asi":"streams.example","sid":"\(random.next(in: 1_000...99_999))","hp":1}]}}}
            """
        let minutes = Int64(random.next(in: 0...7 * 1_440 - 1))
        return One(
            bytes: Array(text.utf8), at: GeneratedWorld.now + Interval.seconds(60) * minutes, slots: slots)
    }

    /// One of the list, the first ones more often: the smaller of two draws, as in the catalog.
    private mutating func one(_ all: [String]) -> String {
        all[min(random.next(in: 0...all.count - 1), random.next(in: 0...all.count - 1))]
    }

    private mutating func hex(_ digits: Int) -> String {
        (0..<digits).map { _ in String(random.next(in: 0...15), radix: 16) }.joined()
    }

    private mutating func categories() -> String {
        let last = Array(world.categories.suffix(6))
        return (0..<3).map { _ in "\"\(one(last))\"" }.joined(separator: ",")
    }

    private mutating func imps(_ deals: [String]) -> (text: String, slots: Int) {
        guard random.next(below: 3) == 0 else { return (imp(1, deals, #""slotinpod":0"#), 1) }
        let pod = "pod-\(hex(4))"
        if random.next(below: 5) < 2 {
            let whole = #""podid":"\#(pod)","podseq":0,"poddur":\#(random.next(in: 4...7) * 30),"maxseq":6"#
            return (imp(1, deals, whole), 6)
        }
        let slots = (0..<6).map { index in
            let place = index == 0 ? 1 : index == 5 ? -1 : 0
            return imp(index + 1, deals, #""podid":"\#(pod)","podseq":0,"slotinpod":\#(place)"#)
        }
        return (slots.joined(separator: ","), 6)
    }

    private mutating func imp(_ number: Int, _ deals: [String], _ pod: String) -> String {
        let durations =
            random.next(below: 3) == 0
            ? #""rqddurs":[15,30]"# : #""minduration":5,"maxduration":\#(random.next(in: 1...2) * 30)"#
        let terms = deals.map { #"{"id":"\#($0)","bidfloor":\#(random.next(in: 8...25)),"at":1}"# }
        let pmp =
            terms.isEmpty ? "" : #","pmp":{"private_auction":0,"deals":[\#(terms.joined(separator: ","))]}"#
        return """
            {"id":"\(number)","video":{"mimes":["video/mp4","application/x-mpegURL"],\(durations),\
            "protocols":[3,7,13],"w":1920,"h":1080,"startdelay":0,"plcmt":1,"linearity":1,"skip":0,\(pod)},\
            "tagid":"t\(hex(4))","bidfloor":\(random.next(in: 5...20)).\(random.next(in: 1...9)),\
            "bidfloorcur":"USD","secure":1,"exp":300\(pmp)}
            """
    }

    private mutating func app() -> String {
        let publisher = one(world.publishers)
        return """
            {"id":"app-\(random.next(in: 100...999))","name":"Stream \(random.next(in: 1...99))",\
            "bundle":"com.example.tv","storeurl":"https://store.example/app/\(random.next(in: 1_000...9_999))",\
            "cat":["IAB1","IAB1-5"],"publisher":{"id":"\(publisher)","name":"\(publisher)","domain":"media.example"},\
            "content":{"id":"\(hex(12))","title":"Nächte am Fluß, Teil \(random.next(in: 1...9))","series":"Fluß",\
            "season":"\(random.next(in: 1...9))","genre":"\(one(world.genres)), \(one(world.genres))",\
            "contentrating":"TV-14","language":"en","livestream":\(one(["0", "0", "0", "1"])),"len":2640,\
            "network":{"name":"\(one(world.networks))"},"channel":{"name":"channel-\(random.next(in: 1...200))"},\
            "kwarray":["section=\(one(world.sections))","mood=calm"]}}
            """
    }

    /// A living room somewhere in the United States, or, eight in a hundred, anywhere.
    private mutating func device() -> String {
        let country = random.next(below: 100) < 92 ? "USA" : one(world.countries)
        let region = one(world.regions).split(separator: "/")[1]
        let zip = world.postalCode(&random).split(separator: "/")[1]
        return """
            {"ua":"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/3.0",\
            "ip":"203.0.113.\(random.next(in: 1...254))","devicetype":3,"make":"Example","model":"TV-55",\
            "os":"\(one(world.systems))","osv":"6.\(random.next(in: 0...9))","language":"en","connectiontype":2,\
            "ifa":"\(hex(8))-\(hex(4))-4\(hex(3))-a\(hex(3))-\(hex(12))","lmt":0,\
            "geo":{"country":"\(country)","region":"\(region)","metro":"\(one(world.metros))","zip":"\(zip)",\
            "lat":\(random.next(in: 30...47)).\(random.next(in: 1_000...9_999)),\
            "lon":-\(random.next(in: 75...121)).\(random.next(in: 1_000...9_999)),"type":2,"utcoffset":-300}}
            """
    }

    private mutating func user() -> String {
        let segments = (0..<10).map { _ in #"{"id":"\#(one(world.segments))"}"# }.joined(separator: ",")
        return """
            {"id":"\(hex(16))","buyeruid":"\(hex(24))","data":[{"id":"d1","name":"graph.example","segment":[\(segments)]}],\
            "eids":[{"source":"id.example","uids":[{"id":"\(hex(32))","atype":3}]},\
            {"source":"household.example","uids":[{"id":"\(hex(32))","atype":3}]}]}
            """
    }
}
