#!/bin/bash
# Makes the demo telephone's ready sentences with espeak-ng; run by hand when a text changes.
set -euo pipefail
cd "$(dirname "$0")"
say() { # voice, file, text
  espeak-ng -v "$1" -s 160 -w "/tmp/$2.wav" "$3"
  sox "/tmp/$2.wav" -r 16000 -b 16 -c 1 "$2.flac" gain -n -6
  rm "/tmp/$2.wav"
}
say cmn pipe "你好，我是枫琴水岸六楼的，楼下的水管爆了，水都漫到马路上了，请快点派人来。"
say cmn bus "请问一下，二路公交车改线了吗？现在到县医院在哪里坐？"
say cmn noise "我要投诉，滨河路的工地每天半夜还在施工，老人睡不着。请不要说是我反映的。"
say ko korean "안녕하세요. 수도관이 터졌어요. 우리 집 앞 도로에 물이 넘치고 있습니다."
