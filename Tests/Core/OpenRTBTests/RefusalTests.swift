// What is refused, and in which words.
import OpenRTB
import Testing
import Units

@Suite struct RefusalTests {
    private static let pod = #""mimes":["video/mp4"],"podid":"p""#

    private static let table: [(String, String)] = [
        ("", "the request: found there is no value at byte 0; allowed one JSON object in UTF-8"),
        ("[]", "the request: found an empty array; allowed an object"),
        ("{}", "id: found nothing; allowed a string that is not empty"),
        (#"{"id":7}"#, "id: found the number 7; allowed a string that is not empty"),
        (#"{"id":""}"#, #"id: found the string ""; allowed a string that is not empty"#),
        (#"{"id":"r"}"#, "imp: found nothing; allowed at least one impression"),
        (#"{"id":"r","imp":[]}"#, "imp: found an empty array; allowed at least one impression"),
        (#"{"id":"r","imp":{}}"#, "imp: found an object; allowed an array"),
        (#"{"id":"r","imp":[null]}"#, "imp[0]: found null; allowed an object"),
        (#"{"id":"r","imp":[{}]}"#, "imp[0].id: found nothing; allowed a string that is not empty"),
        (
            #"{"id":"r","imp":[{"id":"1"}]}"#,
            "imp[0]: found none of video, audio, banner and native; allowed at least one of them in each imp"
        ),
        (
            #"{"id":"r","imp":[{"id":"1","banner":{}},{"id":"2","banner":{}},{"id":"\u0031","banner":{}}]}"#,
            "imp[2]: found an id that an earlier imp has; allowed an id of its own for each imp"
        ),
        (
            #"{"id":"r","imp":[{"id":"1","banner":{}},{"id":"2","video":{}}]}"#,
            "imp[1].video.mimes: found nothing; allowed at least one media type"
        ),
        (
            #"{"id":"r","imp":[{"id":"1","video":{"mimes":[]}}]}"#,
            "imp[0].video.mimes: found an empty array; allowed at least one media type"
        ),
        (
            #"{"id":"r","imp":[{"id":"1","video":{"mimes":["a",1]}}]}"#,
            "imp[0].video.mimes[1]: found the number 1; allowed a string"
        ),
        (
            Samples.video(#","maxduration":-1"#),
            "imp[0].video.maxduration: found the number -1; allowed an integer from 0 to 86400"
        ),
        (
            Samples.video(#","maxduration":30.0"#),
            "imp[0].video.maxduration: found the number 30.0; allowed an integer from 0 to 86400"
        ),
        (
            Samples.video(#","w":1e99"#),
            "imp[0].video.w: found the number 1e99; allowed an integer from 0 to 100000"
        ),
        (
            Samples.video(#","skip":2"#), "imp[0].video.skip: found the number 2; allowed 0 or 1"
        ),
        (
            Samples.video(#","minduration":31,"maxduration":30"#),
            "imp[0].video: found minduration above maxduration; allowed minduration up to maxduration"
        ),
        (
            Samples.video(#","rqddurs":[15],"maxduration":30"#),
            "imp[0].video: found rqddurs together with minduration or maxduration; "
                + "allowed either rqddurs, or minduration and maxduration"
        ),
        (
            Samples.video(#","rqddurs":[0]"#),
            "imp[0].video.rqddurs[0]: found the number 0; allowed an integer from 1 to 86400"
        ),
        (
            Samples.video(#","maxseq":3"#),
            "imp[0].video: found maxseq without poddur; allowed poddur with maxseq, for a dynamic pod, or neither"
        ),
        (
            Samples.video(#","poddur":0"#),
            "imp[0].video.poddur: found the number 0; allowed an integer from 1 to 86400"
        ),
        (
            Samples.video(#","poddur":20,"minduration":30"#),
            "imp[0].video: found minduration above poddur; allowed ads that fit into poddur"
        ),
        (
            Samples.video(#","poddur":20,"rqddurs":[30,60]"#),
            "imp[0].video: found rqddurs that are all above poddur; allowed ads that fit into poddur"
        ),
        (
            Samples.video(#","slotinpod":-2"#),
            "imp[0].video.slotinpod: found the number -2; allowed an integer from -1 to 2"
        ),
        (
            Samples.video(#","durfloors":[{"bidfloor":1}]"#),
            "imp[0].video.durfloors[0]: found neither mindur nor maxdur; allowed at least one of them"
        ),
        (
            Samples.video(#","durfloors":[{"mindur":2},{"mindur":9,"maxdur":3}]"#),
            "imp[0].video.durfloors[1]: found mindur above maxdur; allowed mindur up to maxdur"
        ),
        (
            #"{"id":"r","imp":[{"id":"1","video":{\#(pod)}},{"id":"2","video":{\#(pod),"podseq":1}}]}"#,
            "imp[1].video: found another podseq than an earlier imp of the same podid; "
                + "allowed one podseq for each podid"
        ),
        (
            #"{"id":"r","imp":[{"id":"1","video":{\#(pod),"slotinpod":1}},{"id":"2","video":{\#(pod)}},"#
                + #"{"id":"3","video":{\#(pod),"slotinpod":1}}]}"#,
            "imp[2].video: found a slotinpod that an earlier imp of the same podid has; "
                + "allowed one first and one last slot in each pod"
        ),
        (
            Samples.video("", imp: #","bidfloor":-0.01"#),
            "imp[0].bidfloor: found the number -0.01; allowed a price from 0 to 1000000"
        ),
        (
            Samples.video("", imp: #","bidfloor":1e300"#),
            "imp[0].bidfloor: found the number 1e300; allowed a price from 0 to 1000000"
        ),
        (
            Samples.video("", imp: #","bidfloor":"1""#),
            #"imp[0].bidfloor: found the string "1"; allowed a price from 0 to 1000000"#
        ),
        (
            Samples.video("", imp: #","bidfloorcur":"usd""#),
            #"imp[0].bidfloorcur: found the string "usd"; allowed three letters from A to Z"#
        ),
        (
            Samples.video("", imp: #","pmp":{"deals":[{"id":"d"},{"bidfloor":1}]}"#),
            "imp[0].pmp.deals[1].id: found nothing; allowed a string that is not empty"
        ),
        (
            Samples.request(#""site":{},"app":{}"#),
            "app: found a second one of site, app and dooh; allowed one of site, app and dooh"
        ),
        (Samples.request(#""tmax":-5"#), "tmax: found the number -5; allowed an integer from 0 to 3600000"),
        (
            Samples.request(#""device":{"geo":{"lat":90.5}}"#),
            "device.geo.lat: found the number 90.5; allowed a number from -90.0 to 90.0"
        ),
        (
            Samples.request(#""user":{"eids":[{"uids":[{"id":1}]}]}"#),
            "user.eids[0].uids[0].id: found the number 1; allowed a string"
        ),
        (
            Samples.request(#""regs":{"ext":{"gdpr":true}}"#),
            "regs.ext.gdpr: found true; allowed 0 or 1"
        ),
        (
            Samples.request(#""source":{"ext":{"schain":{"nodes":[{"hp":"1"}]}}}"#),
            #"source.ext.schain.nodes[0].hp: found the string "1"; allowed 0 or 1"#
        ),
        (Samples.request(#""ext":[1]"#), "ext: found an array; allowed an object"),
        // Lists by which something is decided.
        (
            Samples.request(#""at":9"#),
            "at: found the number 9; allowed an integer from 1 to 2, or from 500 up"
        ),
        (
            Samples.request(#""at":0"#),
            "at: found the number 0; allowed an integer from 1 to 2, or from 500 up"
        ),
        (
            Samples.video("", imp: #","pmp":{"deals":[{"id":"d","at":4}]}"#),
            "imp[0].pmp.deals[0].at: found the number 4; allowed an integer from 1 to 3, or from 500 up"
        ),
        (
            Samples.video(#","slotinpod":9"#),
            "imp[0].video.slotinpod: found the number 9; allowed an integer from -1 to 2"
        ),
        (
            Samples.video(#","plcmt":10"#),
            "imp[0].video.plcmt: found the number 10; allowed an integer from 1 to 9"
        ),
        (
            Samples.video(#","linearity":500"#),
            "imp[0].video.linearity: found the number 500; allowed an integer from 1 to 2"
        ),
        (
            Samples.video(#","delivery":[1,4]"#),
            "imp[0].video.delivery[1]: found the number 4; allowed an integer from 1 to 3"
        ),
        (
            Samples.video(#","poddedupe":[6]"#),
            "imp[0].video.poddedupe[0]: found the number 6; allowed an integer from 1 to 5"
        ),
        (
            Samples.request(#""app":{"content":{"livestream":2}}"#),
            "app.content.livestream: found the number 2; allowed an integer from 0 to 1"
        ),
        (
            Samples.request(#""device":{"ip":"192.0.2.256"}"#),
            #"device.ip: found the string "192.0.2.256"; allowed an IPv4 address, as in 192.0.2.1"#
        ),
        (
            Samples.request(#""device":{"ip":"2001:db8::1"}"#),
            #"device.ip: found the string "2001:db8::1"; allowed an IPv4 address, as in 192.0.2.1"#
        ),
        (
            Samples.request(#""device":{"ipv6":"2001:db8::g"}"#),
            #"device.ipv6: found the string "2001:db8::g"; allowed an IPv6 address, as in 2001:db8::1"#
        ),
        // A value is quoted on one line, and cut off.
        (
            Samples.video(
                "", imp: #","bidfloorcur":"\n\u0001aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa""#),
            "imp[0].bidfloorcur: found the string \"\u{FFFD}\u{FFFD}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…\"; "
                + "allowed three letters from A to Z"
        ),
    ]

    @Test(arguments: table)
    func refuses(_ text: String, _ expected: String) {
        #expect(refusal(of: Array(text.utf8))?.description == expected)
    }

    /// What lists leave to vendors, what nothing is decided by, and addresses that are none given.
    @Test(arguments: [
        Samples.request(#""at":500"#), Samples.video("", imp: #","pmp":{"deals":[{"id":"d","at":777}]}"#),
        Samples.video(#","plcmt":9"#), Samples.video(#","protocols":[99],"battr":[99],"api":[99],"pos":99"#),
        Samples.video(#","playbackmethod":[99],"playbackend":99,"podseq":9"#),
        Samples.request(#""device":{"devicetype":99,"connectiontype":99,"ip":"","ipv6":""}"#),
        Samples.request(#""device":{"ip":"192.0.2.0","ipv6":"2001:db8::"}"#),
        Samples.request(#""device":{"ip":"192.0.2\u002e1"}"#), Samples.request(#""cattax":500"#),
    ])
    func takesWhatListsLeaveOpen(_ text: String) {
        #expect(refusal(of: Array(text.utf8)) == nil)
    }

    /// More than there is room for, of anything.
    @Test(arguments: [
        ("imp", 10_000, "imp[128]: found an object; allowed at most 128 impressions"),
        ("deals", 2_000, "imp[0].pmp.deals[1024]: found an object; allowed at most 1024 deals"),
        (
            "badv", 17_000,
            "badv[16383]: found the string \"a\"; allowed at most 16384 texts in all lists of a request"
        ),
        ("cur", 300, "cur[256]: found the string \"USD\"; allowed at most 256 currencies"),
        ("eids", 300, "user.eids[256]: found an object; allowed at most 256 sources of identifiers"),
        (
            "battr", 9_000,
            "imp[0].video.battr[8192]: found the number 1; allowed at most 8192 numbers in all lists of a request"
        ),
    ])
    func refusesTooMany(_ what: String, _ count: Int, _ expected: String) {
        func list(_ element: (Int) -> String) -> String {
            "[" + (0..<count).map(element).joined(separator: ",") + "]"
        }
        let text =
            switch what {
            case "imp": #"{"id":"r","imp":\#(list { #"{"id":"\#($0)","banner":{}}"# })}"#
            case "deals": Samples.video("", imp: #","pmp":{"deals":\#(list { #"{"id":"\#($0)"}"# })}"#)
            case "badv": Samples.request(#""badv":\#(list { _ in #""a""# })"#)
            case "cur": Samples.request(#""cur":\#(list { _ in #""USD""# })"#)
            case "eids": Samples.request(#""user":{"eids":\#(list { _ in "{}" })}"#)
            default: Samples.video(#","battr":\#(list { _ in "1" })"#)
            }
        var limits = RequestLimits()
        limits.bytes = 1 << 20
        #expect(refusal(of: Array(text.utf8), limits: limits)?.description == expected)
    }

    @Test func refusesTooManyBytesAndTooDeep() {
        let long = Array((Samples.video() + String(repeating: " ", count: 300_000)).utf8)
        #expect(
            refusal(of: long)?.description
                == "the request: found \(long.count) bytes; allowed at most 262144 bytes")
        let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        let nested = Samples.request(#""x":\#(deep)"#)
        #expect(
            refusal(of: Array(nested.utf8))?.found.hasPrefix("objects and arrays are nested deeper") == true)
        let latin =
            Array(Samples.video().utf8.dropLast()) + Array(#","x":""#.utf8) + [0xE9] + Array("\"}".utf8)
        #expect(refusal(of: latin)?.found.hasPrefix("the text is not valid UTF-8") == true)
    }

    /// Wherever a request is cut off, it is refused, and never as anything but no JSON.
    @Test func refusesEveryPrefix() {
        var reader = BidRequestReader()
        let bytes = Array(Samples.hybridPod.utf8)
        for count in 0..<bytes.count {
            let prefix = Array(bytes[..<count])
            do throws(OpenRTBError) {
                _ = try reader.read(prefix.span.bytes)
                Issue.record("the first \(count) bytes are accepted")
            } catch {
                #expect(
                    error.path.isEmpty && error.allowed == "one JSON object in UTF-8", "\(count): \(error)")
                #expect(error.offset <= count)
            }
        }
    }
}
