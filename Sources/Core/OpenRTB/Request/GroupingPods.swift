// From imps that name pods to pods that hold slots.
internal import JSON
internal import Units

extension RequestStorage {
    /// Makes the pods of the imps just read. The root is where a contradiction between imps is looked up.
    mutating func groupPods(of root: JSONValue) throws(Refused) {
        let all = values.imps
        // The pod of each imp, and how many slots each pod will have.
        for index in 0..<all.count {
            let fits = slotsByImp.append(slot(ofImp: index))
            precondition(fits, "more slots than imps")
            let pod = try podIndex(ofImp: index, in: root)
            imps[all.start + index].pod = Int32(pod)
            let others = otherMedia(ofImp: index)
            let count = 1 + (others.audio ? 1 : 0) + (others.banner ? 1 : 0)
            pods[pod].slots = Run(from: 0, to: pods[pod].slots.count + count)
        }
        // Where the slots of each pod start; they are put in place in the order of the imps.
        var start = 0
        for pod in 0..<pods.count {
            let count = pods[pod].slots.count
            pods[pod].slots = Run(from: start, to: start)
            start += count
        }
        for _ in 0..<start { _ = slots.append(PodSlot()) }
        for index in 0..<all.count {
            put(slotsByImp[index])
            let others = otherMedia(ofImp: index)
            if others.audio { put(slot(ofImp: index, .audio, imps[all.start + index].audio)) }
            if others.banner { put(slot(ofImp: index, .banner, nil)) }
        }
        for pod in 0..<pods.count where !pods[pod].id.isEmpty || pods[pod].kind == .dynamic {
            pods[pod].kind = kind(of: pods[pod].slots)
        }
    }

    /// Behind the slots that its pod has already.
    private mutating func put(_ slot: PodSlot) {
        let pod = Int(imps[values.imps.start + Int(slot.imp)].pod)
        let run = pods[pod].slots
        slots[run.start + run.count] = slot
        pods[pod].slots = Run(from: run.start, to: run.start + run.count + 1)
    }

    /// What may fill the imp's place beside the richest medium: nothing in a break, whose ads follow one another in one
    /// stream.
    private mutating func otherMedia(ofImp index: Int) -> (audio: Bool, banner: Bool) {
        let place = values.imps.start + index
        let pod = Int(imps[place].pod)
        guard pods[pod].kind == .single, pods[pod].id.isEmpty else { return (false, false) }
        let hasVideo = imps[place].video != nil
        let hasBanner = imps[place].banner != nil && (hasVideo || imps[place].audio != nil)
        return (hasVideo && imps[place].audio?.isAlone == true, hasBanner)
    }

    private mutating func kind(of run: Run<PodSlot>) -> Pod.Kind {
        var dynamic = 0
        let slots = slots.span(run)
        for index in slots.indices where slots[index].isDynamic { dynamic += 1 }
        return dynamic == 0 ? .structured : dynamic == run.count ? .dynamic : .hybrid
    }

    /// The pod that the imp belongs to, made if this is its first.
    private mutating func podIndex(ofImp index: Int, in root: JSONValue) throws(Refused) -> Int {
        var pod = Pod()
        pod.media = slotsByImp[index].media
        if let av = audioVideo(ofImp: index) {
            pod.id = av.podid
            pod.sequence = av.podseq
            pod.dedupe = av.poddedupe
            if av.isDynamic { pod.kind = .dynamic }
        }
        if !pod.id.isEmpty {
            for other in 0..<pods.count
            where pods[other].media == pod.media && areEqual(pods[other].id, pod.id) {
                if let refused = contradiction(ofImp: index, with: other, pod.sequence) {
                    throw Refused(try value(ofImp: index, in: root), refused.found, refused.allowed)
                }
                if pods[other].dedupe.isEmpty { pods[other].dedupe = pod.dedupe }
                return other
            }
        }
        // One pod for each imp at most, and there is room for as many.
        let fits = pods.append(pod)
        precondition(fits, "more pods than imps")
        return pods.count - 1
    }

    /// What the imp says that an earlier one of its pod has said otherwise.
    private mutating func contradiction(ofImp index: Int, with pod: Int, _ sequence: Int32)
        -> (found: StaticString, allowed: StaticString)?
    {
        guard pods[pod].sequence == sequence else {
            return ("another podseq than an earlier imp of the same podid", "one podseq for each podid")
        }
        let slot = slotsByImp[index]
        for other in 0..<index where imps[values.imps.start + other].pod == Int32(pod) {
            let other = slotsByImp[other]
            let isTaken =
                other.position == slot.position
                && (slot.position == SlotInPod.first || slot.position == SlotInPod.last)
            if isTaken, !other.isDynamic, !slot.isDynamic {
                return (
                    "a slotinpod that an earlier imp of the same podid has",
                    "one first and one last slot in each pod"
                )
            }
        }
        return nil
    }

    /// The video or audio object of an imp, to point a refusal at.
    @_lifetime(copy root)
    private mutating func value(ofImp index: Int, in root: JSONValue) throws(Refused) -> JSONValue {
        guard let imps = try fields(of: root).last("imp") else { return root }
        var elements = try elements(of: imps)
        var passed = 0
        while let imp = elements.next() {
            if passed == index {
                let media = slotsByImp[index].media
                if let av = try fields(of: imp).last(media == .audio ? "audio" : "video") { return av }
                return imp
            }
            passed += 1
        }
        return root
    }

    /// What makes the imp a slot of a pod: its video or, without one, its audio.
    private mutating func audioVideo(ofImp index: Int) -> AudioVideo? {
        let index = values.imps.start + index
        return imps[index].video ?? imps[index].audio
    }

    /// Of the richest medium that it offers.
    private mutating func slot(ofImp index: Int) -> PodSlot {
        let place = values.imps.start + index
        if let video = imps[place].video { return slot(ofImp: index, .video, video) }
        if let audio = imps[place].audio { return slot(ofImp: index, .audio, audio) }
        return slot(ofImp: index, imps[place].banner == nil ? .native : .banner, nil)
    }

    private mutating func slot(ofImp index: Int, _ media: PodSlot.Media, _ av: AudioVideo?) -> PodSlot {
        var slot = PodSlot()
        slot.imp = Int32(index)
        slot.media = media
        slot.floor = imps[values.imps.start + index].bidfloor
        guard let av else { return slot }
        slot.position = av.slotinpod
        slot.isDynamic = av.isDynamic
        slot.exactSeconds = av.rqddurs
        slot.floorPerSecond = av.mincpmpersec
        slot.durationFloors = av.durfloors
        var (least, most) = (av.minduration ?? 0, av.maxduration ?? Sensible.seconds.upperBound)
        if !av.rqddurs.isEmpty {
            let exact = integers.span(av.rqddurs)
            (least, most) = (exact[0], exact[0])
            for index in exact.indices {
                least = min(least, exact[index])
                most = max(most, exact[index])
            }
        }
        slot.minSeconds = least
        slot.maxSeconds = min(most, av.poddur ?? most)
        slot.totalSeconds = av.poddur ?? most
        if let poddur = av.poddur {
            slot.maxAds = min(av.maxseq ?? PodSlot.mostAds, poddur / max(least, 1), PodSlot.mostAds)
        }
        return slot
    }
}
