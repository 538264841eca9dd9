// Imps become pods with slots.
import Foundation
import OpenRTB
import Testing
import Units

@Suite struct PodTests {
    @Test func groupsAHybridPod() throws {
        try reading(Samples.hybridPod) { request in
            try #require(request.pods.count == 1)
            let pod = request.pods[0]
            #expect(pod.kind == .hybrid && request.string(pod.id) == "pod_1")
            #expect(pod.sequence == PodSequence.first && request.numbers(pod.dedupe) == [1, 3])
            let slots = request[pod.slots]
            try #require(slots.count == 3)
            #expect(slots.indices.map { slots[$0].imp } == [0, 1, 2])
            #expect(slots[0].position == SlotInPod.first && !slots[0].isDynamic && slots[0].maxAds == 1)
            #expect(slots[0].minSeconds == 15 && slots[0].maxSeconds == 30 && slots[0].totalSeconds == 30)
            #expect(request.numbers(slots[1].exactSeconds) == [15, 30])
            #expect(slots[1].minSeconds == 15 && slots[1].maxSeconds == 30)
            // No ad is longer than the break it is in.
            #expect(slots[2].isDynamic && slots[2].maxAds == 4 && slots[2].totalSeconds == 60)
            #expect(slots[2].minSeconds == 5 && slots[2].maxSeconds == 60)
            for index in request.imps.indices { #expect(request.imps[index].pod == 0) }
        }
    }

    /// The floor for the length stands in the general one's place; the floor per second beside either.
    @Test(
        arguments: [
            (0, 10, 5_000_000), (0, 15, 5_000_000), (0, 16, 10_000_000), (0, 31, 15_500_000),
            (1, 30, 8_000_000), (2, 5, 4_000_000), (2, 8, 4_000_000), (2, 9, 4_500_000), (2, 60, 30_000_000),
        ] as [(Int, Int32, Int64)])
    func findsTheFloor(_ slot: Int, _ seconds: Int32, _ floor: Int64) throws {
        try reading(Samples.hybridPod) { request in
            let slots = request[request.pods[0].slots]
            #expect(request.floor(of: slots[slot], seconds: seconds) == Micros(floor))
        }
    }

    @Test(arguments: [
        // Slots that are not neighbours are one pod; what names none stands alone.
        (#""podid":"a"|"podid":"b"|"podid":"a"|"#, "a structured 0 2/b structured 1/ single 3"),
        (#""podid":"a","poddur":30"#, "a dynamic 0"),
        (#""podid":"a","poddur":30|"podid":"a","poddur":60"#, "a dynamic 0 1"),
        (#""podid":"a","poddur":30|"podid":"a""#, "a hybrid 0 1"),
        (#""poddur":30|"poddur":30"#, " dynamic 0/ dynamic 1"),
        (#""podid":"\u0061"|"podid":"a""#, "a structured 0 1"),
        ("", " single 0"),
    ])
    func groups(_ imps: String, _ expected: String) throws {
        let text = imps.split(separator: "|", omittingEmptySubsequences: false).enumerated().map {
            let fields = $1.isEmpty ? "" : ",\($1)"
            return #"{"id":"\#($0)","video":{"mimes":["video/mp4"]\#(fields)}}"#
        }.joined(separator: ",")
        try reading(#"{"id":"r","imp":[\#(text)]}"#) { request in
            let pods = request.pods.indices.map { index in
                let pod = request.pods[index]
                let slots = request[pod.slots]
                return "\(request.string(pod.id)) \(pod.kind) "
                    + slots.indices.map { "\(slots[$0].imp)" }.joined(separator: " ")
            }
            #expect(pods.joined(separator: "/") == expected)
        }
    }

    /// Names of pods are each medium's own.
    @Test func videoAndAudioMayCallTheirPodsAlike() throws {
        let pod = #""mimes":["a/b"],"podid":"p","poddur":30"#
        let imps = #"{"id":"1","video":{\#(pod)}},{"id":"2","audio":{\#(pod)}},{"id":"3","video":{\#(pod)}}"#
        try reading(#"{"id":"r","imp":[\#(imps)]}"#) { request in
            let sizes = request.pods.indices.map { request[request.pods[$0].slots].count }
            #expect(sizes == [2, 1])
        }
    }

    /// Without a word on how many ads: as many of the shortest as fit.
    @Test(
        arguments: [
            (#","poddur":90,"minduration":15"#, 6), (#","poddur":90,"rqddurs":[30,15,60]"#, 6),
            (#","poddur":90"#, 60), (#","poddur":10"#, 10), (#","poddur":90,"maxseq":3"#, 3),
            (#","poddur":30,"maxseq":9,"minduration":15"#, 2),
        ] as [(String, Int32)])
    func countsAds(_ fields: String, _ most: Int32) throws {
        try reading(Samples.video(fields)) { request in
            #expect(request[request.pods[0].slots][0].maxAds == most)
        }
    }

    @Test func everyMediumIsASlot() throws {
        let text = """
            {"id":"r","imp":[{"id":"1","banner":{}},{"id":"2","audio":{"mimes":["audio/mp4"],"maxseq":2}},
             {"id":"3","native":{"request":"x"}},{"id":"4","banner":{},"video":{"mimes":["video/mp4"]}}]}
            """
        try reading(text) { request in
            let media = request.pods.indices.map { request[request.pods[$0].slots][0].media }
            #expect(media == [.banner, .audio, .native, .video])
        }
    }

    /// What an imp offers beside its richest medium fills the same place, unless the place is in a break.
    @Test(
        arguments: [
            (#""banner":{},"video":V,"audio":A,"native":{"request":"x"}"#, "video audio banner"),
            (#""video":V,"banner":{}"#, "video banner"), (#""audio":A,"banner":{}"#, "audio banner"),
            (#""video":P,"audio":A,"banner":{}"#, "video"), (#""video":D,"audio":A,"banner":{}"#, "video"),
            (#""video":V,"audio":P,"banner":{}"#, "video banner"), (#""banner":{}"#, "banner"),
        ])
    func otherMediaFillTheSamePlace(_ objects: String, _ expected: String) throws {
        var offered = objects
        for (short, object) in [
            ("V", #"{"mimes":["video/mp4"]}"#), ("A", #"{"mimes":["audio/mp4"]}"#),
            ("P", #"{"mimes":["video/mp4"],"podid":"p"}"#), ("D", #"{"mimes":["video/mp4"],"poddur":60}"#),
        ] {
            offered = offered.replacingOccurrences(of: ":" + short, with: ":" + object)
        }
        let text = #"{"id":"r","imp":[{"id":"1","banner":{}},{"id":"2",\#(offered)},{"id":"3","banner":{}}]}"#
        try reading(text) { request in
            let slots = request[request.pods[1].slots]
            #expect(slots.indices.map { "\(slots[$0].media)" }.joined(separator: " ") == expected)
            #expect(slots.indices.allSatisfy { slots[$0].imp == 1 })
            #expect(request.pods.indices.map { request[request.pods[$0].slots][0].imp } == [0, 1, 2])
        }
    }
}
