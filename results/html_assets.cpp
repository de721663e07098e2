#include "results/html_assets.h"

namespace sac {

/// Series colours are Okabe and Ito's (2008), lightened on dark ground.
const char* const kReportStyle = R"css(
:root{color-scheme:light dark;--bg:#fff;--card:#fff;--ink:#1b1f24;--soft:#5b6470;--rule:#e3e6ea;--grid:#eceef1;--wash:#f6f7f9;
--accent:#0b62a4;--warn:#9a3b00;--warn-bg:#fff4ec;
--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#cc79a7;--c4:#e69f00;--c5:#56b4e9;--c6:#8a7d00;--c7:#4d4d4d;
--t0:#8593a6;--t1:#d55e00;--t2:#eeb24a;--t3:#dfe3e8}
@media(prefers-color-scheme:dark){:root{--bg:#14171b;--card:#191d22;--ink:#e6e9ed;--soft:#9aa4b0;--rule:#2b3138;--grid:#262b32;
--wash:#1d2127;--accent:#74b9f0;--warn:#ffb380;--warn-bg:#33231a;
--c0:#56a8e4;--c1:#f08a45;--c2:#2fc79a;--c3:#e3a3c6;--c4:#f2bb47;--c5:#9ad4f7;--c6:#e8dd5a;--c7:#b4bac2;
--t0:#6d7b8f;--t1:#f08a45;--t2:#e0ad55;--t3:#363d46}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,header,footer{max-width:1280px;margin:0 auto;padding:0 24px}
header{padding-top:44px}
.eyebrow{margin:0;color:var(--soft);font-size:.8125rem;letter-spacing:.02em}
h1{font-size:1.9rem;line-height:1.2;font-weight:650;letter-spacing:-.015em;margin:.2em 0 .25em;overflow-wrap:anywhere}
h2{font-size:1.2rem;font-weight:650;letter-spacing:-.005em;margin:0 0 .2em}
.lead,.hint{color:var(--soft);margin:0 0 1em;overflow-wrap:anywhere}
.hint{font-size:.875rem}
section{margin:46px 0 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,215px),1fr));gap:14px;margin:26px 0 20px}
.tile{border:1px solid var(--rule);border-radius:10px;padding:14px 18px;background:var(--card);min-width:0}
.tile span{display:block;color:var(--soft);font-size:.8125rem}
.tile b{display:block;font-size:1.45rem;font-weight:600;letter-spacing:-.01em;font-variant-numeric:tabular-nums;line-height:1.35}
.tile small{font-weight:400;font-size:.95rem;color:var(--soft);letter-spacing:0}
.tile em{font-style:normal;font-size:.9375rem;overflow-wrap:anywhere}
.findings{margin:0 0 20px;padding:0 0 0 1.1em}
.findings li{margin:.35em 0;overflow-wrap:anywhere}
.note{border-left:3px solid var(--rule);padding:6px 14px;margin:8px 0;color:var(--soft);font-size:.9rem;overflow-wrap:anywhere}
.note.warn{border-color:var(--warn);background:var(--warn-bg);color:var(--warn)}
.scroll{overflow-x:auto;border:1px solid var(--rule);border-radius:10px;background:var(--card)}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:8px 14px;text-align:right;white-space:nowrap;border-top:1px solid var(--rule)}
thead th{border-top:0;font-weight:600;color:var(--soft);font-size:.8125rem;vertical-align:bottom;background:var(--wash)}
th:first-child,td:first-child,.l{text-align:left}
tbody th{font-weight:600}
tbody tr:hover{background:var(--wash)}
.wrap{white-space:normal;min-width:15em;overflow-wrap:anywhere}
.name-cell{max-width:22em;overflow:hidden;text-overflow:ellipsis}
th button{all:unset;cursor:pointer;white-space:nowrap}
th button:focus-visible,.toggle:focus-visible,input:focus-visible+label{outline:2px solid var(--accent);outline-offset:2px}
th button::after{content:"";display:inline-block;width:.9em;text-align:right;opacity:.9}
th[aria-sort=ascending] button::after{content:"\2191"}
th[aria-sort=descending] button::after{content:"\2193"}
.bar-controls{display:flex;flex-wrap:wrap;gap:10px 22px;align-items:center;margin:14px 0 16px}
.segments{display:inline-flex;border:1px solid var(--rule);border-radius:8px;overflow:hidden}
.segments label{padding:5px 14px;font-size:.875rem;cursor:pointer;border-left:1px solid var(--rule);color:var(--soft)}
.segments label:first-child{border-left:0}
.axis-choice{position:absolute;opacity:0;pointer-events:none}
#x-step:checked~.bar-controls [for=x-step],#x-time:checked~.bar-controls [for=x-time],#x-bytes:checked~.bar-controls [for=x-bytes]{background:var(--accent);color:var(--bg)}
#x-step:focus-visible~.bar-controls [for=x-step],#x-time:focus-visible~.bar-controls [for=x-time],#x-bytes:focus-visible~.bar-controls [for=x-bytes]{outline:2px solid var(--accent);outline-offset:-3px}
.by-step,.by-time,.by-bytes{display:none}
#x-step:checked~.grid .by-step,#x-time:checked~.grid .by-time,#x-bytes:checked~.grid .by-bytes{display:block}
.legend{display:flex;flex-wrap:wrap;gap:6px 8px}
.toggle{all:unset;display:inline-flex;align-items:center;gap:8px;cursor:pointer;font-size:.875rem;padding:3px 10px;border:1px solid var(--rule);border-radius:999px;overflow-wrap:anywhere}
.toggle[aria-pressed=false]{opacity:.45;text-decoration:line-through}
.parts{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:.875rem;color:var(--soft);margin:0 0 8px}
.parts i{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px;vertical-align:-1px}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),1fr));gap:18px;align-items:start}
figure:only-child{max-width:760px}
figure{margin:0;border:1px solid var(--rule);border-radius:10px;padding:16px 16px 10px;background:var(--card);min-width:0}
figcaption{font-weight:600;font-size:.975rem;margin:0 0 8px}
figcaption span{display:block;font-weight:400;font-size:.8125rem;color:var(--soft)}
svg{display:block;width:100%;height:auto;overflow:visible}
svg text{font:15.5px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;fill:var(--soft)}
svg text.name,svg text.value{font-size:15.5px;fill:var(--ink);paint-order:stroke;stroke:var(--card);stroke-width:4px}
svg text.value{fill:var(--soft);font-variant-numeric:tabular-nums}
path.grid{stroke:var(--grid);fill:none}
path.base{stroke:var(--soft);stroke-opacity:.6;fill:none}
.k0{--c:var(--c0)}.k1{--c:var(--c1)}.k2{--c:var(--c2)}.k3{--c:var(--c3)}.k4{--c:var(--c4)}.k5{--c:var(--c5)}.k6{--c:var(--c6)}.k7{--c:var(--c7)}
.line{stroke:var(--c);stroke-width:2;fill:none;stroke-linejoin:round}
.band{fill:var(--c);opacity:.14}
.mark{fill:var(--c);stroke:var(--card);stroke-width:1}
.faint .mark{opacity:.5}
.bar{fill:var(--c);opacity:.85}
.front{fill:none;stroke:var(--soft);stroke-width:1.4;stroke-dasharray:3 3}
.cell{fill:var(--c);opacity:.9}.faint-cell{opacity:.32}
svg .cell+text.value{fill:var(--ink);stroke:var(--card);stroke-width:3.5px}
.p{stroke:none}
.sw{background:var(--c)}
.whisker{stroke:var(--ink);stroke-width:1.4;fill:none;opacity:.75}
.s .mark+.whisker{stroke:var(--c)}
.t{stroke:var(--card);stroke-width:1}
.t0{fill:var(--t0);background:var(--t0)}.t1{fill:var(--t1);background:var(--t1)}.t2{fill:var(--t2);background:var(--t2)}.t3{fill:var(--t3);background:var(--t3)}
.key{width:34px;height:14px;flex:none}
#tip{position:absolute;z-index:9;pointer-events:none;background:var(--ink);color:var(--bg);border-radius:7px;padding:7px 11px;font-size:.8125rem;line-height:1.45;max-width:19rem;overflow-wrap:anywhere;box-shadow:0 4px 16px rgba(0,0,0,.22)}
#tip b{display:block}
.focus{fill:none;stroke:var(--ink);stroke-width:1.6}
details{border-top:1px solid var(--rule);padding:10px 0}
summary{cursor:pointer;font-weight:600;overflow-wrap:anywhere}
pre{overflow-x:auto;background:var(--wash);border-radius:8px;padding:14px 16px;font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
dl{display:grid;grid-template-columns:minmax(7em,max-content) 1fr;gap:4px 20px;font-size:.875rem;margin:12px 0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.status{font-size:.8125rem;border-radius:999px;padding:1px 9px;border:1px solid var(--rule);color:var(--soft)}
.status.bad{color:var(--warn);border-color:var(--warn)}
footer{margin-top:52px;padding-bottom:40px;color:var(--soft);font-size:.8125rem}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.9em}
@media(max-width:600px){body{font-size:15px}main,header,footer{padding-left:16px;padding-right:16px}header{padding-top:26px}h1{font-size:1.5rem}
section{margin-top:36px}figure{padding:12px 8px 6px}figcaption{padding:0 6px}th,td{padding:8px 10px}
svg text{font-size:16px}svg text.name,svg text.value{font-size:17px}.tiles{grid-template-columns:1fr 1fr;gap:10px}
.tile{padding:11px 13px}.tile b{font-size:1.2rem}}
@media print{.bar-controls,#tip{display:none}figure,.tile{break-inside:avoid}}
)css";

const char* const kReportScript = R"js(
(function(){
'use strict';
var tip=document.createElement('div');tip.id='tip';tip.hidden=true;document.body.appendChild(tip);
var hidden=document.createElement('style');document.head.appendChild(hidden);
var off=new Set();
document.querySelectorAll('.toggle').forEach(function(button){
  button.addEventListener('click',function(){
    var series=button.dataset.series,show=off.delete(series);
    if(!show)off.add(series);
    document.querySelectorAll('.toggle[data-series="'+series+'"]').forEach(function(twin){twin.setAttribute('aria-pressed',String(show));});
    hidden.textContent=Array.from(off,function(s){return '.plane .s'+s+'{display:none}';}).join('');
  });
});
function line(text,bold){var node=document.createElement(bold?'b':'div');node.textContent=text;tip.appendChild(node);}
function place(event){
  var box=tip.getBoundingClientRect(),x=event.pageX+14,y=event.pageY-box.height-12;
  var right=window.scrollX+document.documentElement.clientWidth-box.width-8;
  tip.style.left=Math.max(window.scrollX+8,Math.min(x,right))+'px';
  tip.style.top=Math.max(window.scrollY+4,y)+'px';
}
function nearest(plane,at){
  var best=null;
  plane.querySelectorAll('[data-tips]').forEach(function(group){
    if(off.has(group.classList[1].slice(1)))return;
    group.dataset.tips.split(';').forEach(function(entry){
      var f=entry.split(','),d=Math.hypot(f[0]-at.x,f[1]-at.y);
      if(!best||d<best.d)best={d:d,f:f,label:group.dataset.label};
    });
  });
  return best&&best.d<40?best:null;
}
function leave(svg){tip.hidden=true;var old=svg.querySelector('.focus');if(old)old.remove();}
document.querySelectorAll('.plane').forEach(function(plane){
  var svg=plane.ownerSVGElement;
  svg.addEventListener('pointermove',function(event){
    var best=nearest(plane,new DOMPoint(event.clientX,event.clientY).matrixTransform(svg.getScreenCTM().inverse()));
    leave(svg);
    if(!best)return;
    var ring=document.createElementNS('http://www.w3.org/2000/svg','circle');
    ring.setAttribute('class','focus');ring.setAttribute('r','6.5');
    ring.setAttribute('cx',best.f[0]);ring.setAttribute('cy',best.f[1]);plane.appendChild(ring);
    tip.textContent='';line(best.label,true);
    line(plane.dataset.y+': '+best.f[3]);line(plane.dataset.x+': '+best.f[2]);
    tip.hidden=false;place(event);
  });
  svg.addEventListener('pointerleave',function(){leave(svg);});
});
document.querySelectorAll('rect title').forEach(function(title){
  var text=title.textContent,rect=title.parentNode;rect.setAttribute('aria-label',text);title.remove();
  rect.addEventListener('pointermove',function(event){tip.textContent='';line(text,false);tip.hidden=false;place(event);});
  rect.addEventListener('pointerleave',function(){tip.hidden=true;});
});
document.querySelectorAll('table.sortable').forEach(function(table){
  var heads=table.tHead.rows[0].cells,body=table.tBodies[0];
  Array.from(heads).forEach(function(head,column){
    var button=document.createElement('button');button.textContent=head.textContent;head.textContent='';head.appendChild(button);
    button.addEventListener('click',function(){
      var up=head.getAttribute('aria-sort')!=='ascending';
      Array.from(heads).forEach(function(other){other.removeAttribute('aria-sort');});
      head.setAttribute('aria-sort',up?'ascending':'descending');
      Array.from(body.rows).sort(function(a,b){
        var x=a.cells[column],y=b.cells[column],n=parseFloat(x.dataset.v),m=parseFloat(y.dataset.v);
        if('v' in x.dataset||'v' in y.dataset){if(isNaN(n)||isNaN(m))return isNaN(n)-isNaN(m);return up?n-m:m-n;}
        return (up?1:-1)*x.textContent.localeCompare(y.textContent,undefined,{numeric:true});
      }).forEach(function(row){body.appendChild(row);});
    });
  });
});
})();
)js";

}  // namespace sac
